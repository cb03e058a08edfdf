import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { needServer } from '../support/need-server.js';
import { dropSchema, newSchema } from '../support/postgres.js';
import { startSample } from './sample.js';

it.each([
  ['01-quickstart', 'npm start'],
  ['08-without-nest', ''],
])('sample %s says that its port is taken, and how to choose another', async (sample, command) => {
  const folder = await mkdtemp(join(tmpdir(), 'taken-port-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await expectToSay(sample, { JOBS_DB: join(folder, 'jobs.db') }, command);
});

it('so does the shop on PostgreSQL, and ends its worker', async ({ skip }) => {
  const url = needServer('postgres', skip);
  const schema = newSchema();
  onTestFinished(async () => {
    await Promise.all([dropSchema(schema), dropSchema(`${schema}_jobs`)]);
  });
  await expectToSay('02-postgres', { POSTGRES_URL: url, SHOP_SCHEMA: schema }, 'npm run start:postgres');
});

async function expectToSay(folder: string, env: NodeJS.ProcessEnv, command: string): Promise<void> {
  const port = await takenPort();
  const sample = startSample(folder, { ...env, PORT: String(port) });
  onTestFinished(() => sample.send('SIGKILL'));
  expect(await sample.ended, sample.output).toEqual({ code: 1, signal: null });
  expect(sample.output).toContain(`Nothing can listen at port ${port}`);
  expect(sample.output).toContain(`PORT=${port + 1} ${command}`.trim());
  expect(sample.output, 'a stack').not.toContain('node:net');
}

async function takenPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}
