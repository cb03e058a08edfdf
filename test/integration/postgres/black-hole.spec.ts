import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { StorageUnavailableError } from '../../../lib/core/errors.js';
import { PostgresStorage } from '../../../lib/drivers/postgres/index.js';
import { beatOf, jobOf } from '../../../lib/testing/contract/job-factories.js';
import { POSTGRES_URL } from '../../support/postgres.js';
import { temporarySchemas } from './schemas.js';

const schemas = temporarySchemas();
const closers: (() => void)[] = [];

afterEach(() => closers.splice(0).forEach((close) => close()));

it('calls on connections that went dead without a word end within ten seconds, and work again afterwards', async () => {
  const network = await networkTo(new URL(POSTGRES_URL));
  const storage = new PostgresStorage({ connectionString: network.url, schema: schemas.name() });
  await storage.open();
  await storage.push([jobOf()]);
  await storage.heartbeat(beatOf([]));
  network.swallow();
  const begun = performance.now();
  const calls = [
    storage.push([jobOf()]),
    storage.heartbeat(beatOf([])),
    new PostgresStorage({ connectionString: network.url }).open(),
  ];
  for (const call of await Promise.allSettled(calls)) {
    expect(call).toMatchObject({ status: 'rejected', reason: expect.any(StorageUnavailableError) });
  }
  expect(performance.now() - begun).toBeLessThan(10_000);
  network.heal();
  await expect(storage.push([jobOf()])).resolves.toMatchObject([{ duplicate: false }]);
  expect(await storage.heartbeat(beatOf([]))).toEqual({ lost: [], cancelled: [] });
  network.swallow();
  const closing = performance.now();
  await storage.close();
  expect(performance.now() - closing).toBeLessThan(4_000);
});

/** A way to the server that can swallow all that goes through it, connections kept open. */
async function networkTo(server: URL) {
  const sockets = new Set<Socket>();
  let isSwallowing = false;
  const proxy = createServer((near) => {
    const far = connect(Number(server.port || 5432), server.hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('error', () => {});
      from.on('close', () => to.destroy());
      from.on('data', (data) => void (isSwallowing || to.write(data)));
    }
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
  const url = new URL(server);
  url.hostname = '127.0.0.1';
  url.port = String((proxy.address() as AddressInfo).port);
  return { url: url.href, swallow: () => (isSwallowing = true), heal: () => (isSwallowing = false) };
}
