import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { askPostgres, postgresStartup } from '../../support/servers/ask-postgres.js';
import { askRedis } from '../../support/servers/ask-redis.js';
import { onFreePort } from '../../support/servers/free-port.js';
import { PrivateServer } from '../../support/servers/private-server.js';
import { redisCommand, tellRedis } from '../../support/servers/redis-command.js';
import { noPrivatePostgres, startPostgres } from '../../support/servers/start-postgres.js';
import { noPrivateRedis, startRedis } from '../../support/servers/start-redis.js';

const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  await Promise.all(ends.splice(0).map((end) => end()));
});

async function opened<T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> {
  const server = await starting;
  ends.push(() => server.stop());
  return server;
}

describe.each([
  {
    name: 'PostgreSQL',
    start: startPostgres,
    ask: askPostgres,
    hello: postgresStartup('postgres', 'postgres'),
    cannotStart: noPrivatePostgres(),
  },
  {
    name: 'Redis',
    start: startRedis,
    ask: askRedis,
    hello: redisCommand(['PING']),
    cannotStart: noPrivateRedis(),
  },
])('a private $name', ({ start, ask, hello, cannotStart }) => {
  it('restarts at its port, gently and after a crash, and leaves nothing behind', async ({ skip }) => {
    skip(cannotStart !== undefined, cannotStart);
    const server = await opened(start());
    const { folder } = server;
    const pids = [server.pid];
    const client = connect(server.port, '127.0.0.1').on('error', () => {});
    client.write(hello);
    await once(client, 'data');
    client.resume();
    const clientEnded = once(client, 'close');

    // Gently, but without waiting for a client that stays: that would take seconds.
    const asked = performance.now();
    await server.restart();
    expect(performance.now() - asked).toBeLessThan(4_000);
    await clientEnded;
    pids.push(server.pid);
    expect(await ask(server.url)).toEqual({ version: server.version });

    await server.kill();
    expect(await ask(server.url)).toHaveProperty('problem');
    expect(() => server.pid).toThrow(/does not run/);
    await server.restart();
    pids.push(server.pid);
    expect(await ask(server.url)).toHaveProperty('version');

    await server.stop();
    await server.stop();
    expect(new Set(pids).size).toBe(3);
    expect(pids.filter(isAlive)).toEqual([]);
    expect(existsSync(folder)).toBe(false);
  });

  it('stops even when a test has suspended it', async ({ skip }) => {
    skip(cannotStart !== undefined, cannotStart);
    const server = await opened(start());
    const { pid } = server;
    process.kill(pid, 'SIGSTOP');
    const asked = performance.now();
    await server.stop();
    expect(isAlive(pid)).toBe(false);
    expect(performance.now() - asked, 'gently, not after the limit').toBeLessThan(4_000);
  });

  it('says why it does not start, with the words of the server', async ({ skip }) => {
    skip(cannotStart !== undefined, cannotStart);
    await expect(start({ settings: { 'no-such-setting': 1 } })).rejects.toThrow(/no.such.setting/);
  });
});

describe('PostgreSQL', () => {
  it('recovers after a crash, and after a crash alone', async ({ skip }) => {
    skip(noPrivatePostgres() !== undefined, noPrivatePostgres());
    const server = await opened(startPostgres());
    await server.restart();
    expect(server.log).not.toContain('not properly shut down');
    await server.kill();
    await server.restart();
    expect(server.log).toContain('not properly shut down');
  });

  it('takes settings', async ({ skip }) => {
    skip(noPrivatePostgres() !== undefined, noPrivatePostgres());
    const server = await opened(startPostgres({ settings: { log_connections: 'on' } }));
    expect(server.log).toContain('connection authorized');
  });
});

describe('Redis', () => {
  it('keeps nothing over a restart by default, and with appendonly what it acknowledged', async ({
    skip,
  }) => {
    skip(noPrivateRedis() !== undefined, noPrivateRedis());
    const forgetful = await opened(startRedis());
    const durable = await opened(startRedis({ settings: { appendonly: 'yes', appendfsync: 'always' } }));
    for (const { port } of [forgetful, durable]) await tellRedis(port, ['SET', 'key', 'value']);
    await forgetful.restart();
    await durable.kill();
    await durable.restart();
    expect(await tellRedis(forgetful.port, ['GET', 'key'])).toBe('$-1\r\n');
    expect(await tellRedis(durable.port, ['GET', 'key'])).toBe('$5\r\nvalue\r\n');
  });

  it('takes settings', async ({ skip }) => {
    skip(noPrivateRedis() !== undefined, noPrivateRedis());
    const { port } = await opened(startRedis({ settings: { maxmemory: '3mb' } }));
    expect(await tellRedis(port, ['CONFIG', 'GET', 'maxmemory'])).toContain(String(3 * 1024 * 1024));
  });

  it('is a cluster of one that takes keys, but not of two slots at once', async ({ skip }) => {
    skip(noPrivateRedis() !== undefined, noPrivateRedis());
    const { port } = await opened(startRedis({ cluster: true }));
    expect(await tellRedis(port, ['MSET', '{a}1', 'x', '{a}2', 'y'])).toBe('+OK\r\n');
    expect(await tellRedis(port, ['MSET', 'a', 'x', 'b', 'y'])).toContain('CROSSSLOT');
  });
});

it('a server that does not go gently goes all the same', async () => {
  let home = '';
  const server = await opened(
    PrivateServer.start({
      name: 'stubborn',
      program: process.execPath,
      port: 0,
      url: '',
      args: (folder) => {
        home = folder;
        return ['-e', `process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1000)`];
      },
      stopSignal: 'SIGTERM',
      killSignal: 'SIGKILL',
      ask: async () =>
        readFileSync(join(home, 'server.log'), 'utf8') === '' ? { problem: 'not up' } : { version: '1' },
    }),
  );
  const { pid } = server;
  await server.restart();
  expect([isAlive(pid), isAlive(server.pid)]).toEqual([false, true]);
  await server.kill();
});

it('a server that does not start leaves no folder, even when that is known before its keeper has loaded', async () => {
  const place = await mkdtemp(join(tmpdir(), 'jobs-empty-'));
  ends.push(() => rm(place, { recursive: true }));
  vi.stubEnv('TMPDIR', place);
  ends.push(async () => void vi.unstubAllEnvs());
  await expect(startPostgres({ programs: '/nowhere' })).rejects.toThrow('/nowhere/initdb');
  expect(await readdir(place)).toEqual([]);
});

it('takes another port when somebody was faster, but not for ever', async () => {
  const tried: number[] = [];
  const start = (taken: number) => async (port: number) => {
    tried.push(port);
    if (tried.length <= taken) throw new Error('bind: Address already in use');
    return port;
  };
  expect(await onFreePort(start(2))).toBe(tried[2]);
  tried.length = 0;
  await expect(onFreePort(start(9))).rejects.toThrow('already in use');
  expect(tried).toHaveLength(3);
});

it('a server and its data go when the process that started it is killed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'jobs-abandoned-'));
  const keeper = fileURLToPath(new URL('../../support/servers/server-keeper.mjs', import.meta.url));
  const abandoner = fileURLToPath(new URL('fixtures/abandoner.mjs', import.meta.url));
  const parent = spawn(process.execPath, [abandoner, keeper, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface(parent.stdout), 'line');
  const { pid } = JSON.parse(String(line)) as { pid: number };
  expect([isAlive(pid), existsSync(folder)]).toEqual([true, true]);
  parent.kill('SIGKILL');
  await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
  await expect.poll(() => existsSync(folder), { timeout: 10_000 }).toBe(false);
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
