import { randomBytes } from 'node:crypto';
import {
  AesGcmCodec,
  BackgroundJobsModule,
  Job,
  JobInspector,
  MemoryStorage,
  QueueHandle,
} from 'nestjs-background-jobs';
import { beforeEach, expect, it } from 'vitest';
import { boot, bootError } from './application.js';

const ran: Charge[] = [];

@Job({
  name: 'charge',
  version: 2,
  upcast: { 1: (old) => ({ ...old, amount: 0 }) },
  keep: { completed: '1h' },
})
class Charge {
  constructor(
    readonly card: string,
    readonly amount: number,
  ) {}

  run(): { readonly token: string } {
    ran.push(this);
    return { token: 'tok_9' };
  }
}

beforeEach(() => void ran.splice(0));

async function start(redact: readonly string[] = []) {
  const storage = new MemoryStorage();
  const codec = new AesGcmCodec({ keys: { one: randomBytes(32) }, fields: ['card'] });
  const { app } = await boot({
    imports: [BackgroundJobsModule.forRoot({ storage, codec, redact })],
    providers: [Charge],
  });
  const jobs = app.get(QueueHandle);
  const ended = async (id: string) => {
    await expect.poll(() => jobs.info(id)).toHaveProperty('endedAt');
  };
  return { storage, jobs, ended, inspector: app.get(JobInspector) };
}

it('a sealed payload is not readable where it is stored, and runs', async () => {
  const { storage, jobs, ended } = await start();
  const { id } = await jobs.queue(new Charge('4111', 5));
  const [record] = await storage.info([id]);
  expect(record?.payload).not.toContain('4111');
  await ended(id);
  expect(ran).toMatchObject([{ card: '4111', amount: 5 }]);
  expect((await jobs.info(id))?.payload).toEqual({ amount: 5 });
});

it('a payload that was sealed for another job ends dead, and its job never runs', async () => {
  const { storage, jobs, ended } = await start();
  const { id } = await jobs.queue(new Charge('4111', 5), { delay: '1h' });
  const [record] = await storage.info([id]);
  if (record === undefined) throw new Error('The job is not there');
  const { name, queue, payload, policy, priority } = record;
  await storage.push([{ id: 'stolen', name, queue, payload, policy, priority, due: { in: 0 } }]);
  await ended('stolen');
  expect(await jobs.info('stolen')).toMatchObject({ state: 'dead', reason: 'invalid-payload' });
  expect(ran).toEqual([]);
});

it('what a schedule makes is sealed too', async () => {
  const { storage, jobs } = await start();
  await jobs.every(200, new Charge('4111', 5), { key: 'charges' });
  expect(JSON.stringify(await storage.schedules())).not.toContain('4111');
  await expect.poll(() => ran).toMatchObject([{ card: '4111' }]);
});

it('the inspector shows no redacted field, and finds none by its text; the application sees all', async () => {
  const { jobs, ended, inspector } = await start(['TOKEN', 'secret']);
  const { id } = await jobs.queue(new Charge('4111', 5), { meta: { deep: [{ secret: 'abc' }], seen: 1 } });
  await ended(id);
  const [job] = (await inspector.list({ name: 'charge' })).jobs;
  expect(job).toMatchObject({ result: { token: '[redacted]' }, payload: { amount: 5 } });
  expect(job?.meta).toEqual({ deep: [{ secret: '[redacted]' }], seen: 1 });
  expect(await inspector.info(id)).toEqual(job);
  expect((await inspector.explain(id)).job).toEqual(job);
  const found = [];
  for await (const each of inspector.each()) found.push(each);
  expect(found).toEqual([job]);
  expect((await inspector.remove({ state: 'completed' }, { dryRun: true })).sample).toEqual([job]);
  expect(await jobs.info(id)).toMatchObject({
    result: { token: 'tok_9' },
    meta: { deep: [{ secret: 'abc' }] },
  });
});

it('a redact that is no list of names fails at boot', async () => {
  const error = await bootError({ imports: [BackgroundJobsModule.forRoot({ redact: [''] })] });
  expect(error.message).toMatch(/redact: must be a list of names/);
});
