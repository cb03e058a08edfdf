import { expect, it, onTestFinished } from 'vitest';
import { QueueHandle } from '../../../lib/client/queue-handle.js';
import { PostgresStorage, StoppedSchema } from '../../../lib/drivers/postgres/index.js';
import { needServer } from '../../support/need-server.js';
import { dropSchema, newSchema } from '../../support/postgres.js';
import { defineJob } from '../../../lib/core/job-definition.js';

class Noop {}
defineJob(Noop, { name: 'noop' });

const NOON = new Date('2030-06-01T12:00:00Z');

function place(connectionString: string) {
  const schema = newSchema();
  onTestFinished(() => dropSchema(schema));
  return { connectionString, schema };
}

async function opened(options: ReturnType<typeof place>): Promise<PostgresStorage> {
  const storage = new PostgresStorage(options);
  await storage.open();
  onTestFinished(() => storage.close());
  return storage;
}

it('time stands still until it is moved, for whoever has the schema open', async ({ skip }) => {
  const options = place(needServer('postgres', skip));
  const schema = await StoppedSchema.open(options, NOON);
  onTestFinished(() => schema.close());
  const [one, other] = [await opened(options), await opened(options)];
  expect([await one.now(), await other.now()]).toEqual([NOON.getTime(), NOON.getTime()]);
  const { moveTo } = schema;
  await moveTo(new Date(NOON.getTime() + 1));
  expect([await one.now(), await other.now()]).toEqual([NOON.getTime() + 1, NOON.getTime() + 1]);
});

it('opened again it is empty, and its time begins anew', async ({ skip }) => {
  const options = place(needServer('postgres', skip));
  const first = await StoppedSchema.open(options);
  const storage = new PostgresStorage(options);
  await storage.open();
  const jobs = new QueueHandle(storage);
  const { id } = await jobs.queue(new Noop(), { delay: '1h', unique: { key: 'k' } });
  await jobs.every('1m', new Noop(), { key: 'minute' });
  await storage.close();
  await first.close();

  const again = await StoppedSchema.open(options, NOON);
  onTestFinished(() => again.close());
  const empty = await opened(options);
  expect(await empty.now()).toBe(NOON.getTime());
  expect(await empty.info([id])).toEqual([undefined]);
  expect([await empty.stats(), await empty.schedules()]).toEqual([[], []]);
  const [pushed] = await new QueueHandle(empty).queueAll([new Noop()], { unique: { key: 'k' } });
  expect(pushed).toMatchObject({ duplicate: false });
});

it('refuses a schema that has jobs and was not made for a test, and changes nothing there', async ({
  skip,
}) => {
  const options = place(needServer('postgres', skip));
  const storage = await opened(options);
  const { id } = await new QueueHandle(storage).queue(new Noop());
  await expect(StoppedSchema.open(options)).rejects.toThrow(/is not a test's, for its table .* has rows/);
  expect(await storage.info([id])).toMatchObject([{ id, state: 'ready' }]);
  const before = await storage.now();
  await expect.poll(() => storage.now()).toBeGreaterThan(before);
});

it('removes the schema, and refuses options that cannot be', async ({ skip }) => {
  const options = place(needServer('postgres', skip));
  const schema = await StoppedSchema.open(options);
  await schema.remove();
  await expect(new PostgresStorage({ ...options, migrate: false }).open()).rejects.toMatchObject({
    code: 'STORAGE_VERSION',
  });
  await expect(StoppedSchema.open(options, 'soon')).rejects.toThrow('soon');
  await expect(StoppedSchema.open({ ...options, schema: 'pg_mine' })).rejects.toThrow('pg_mine');
});
