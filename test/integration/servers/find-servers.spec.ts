import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { findPostgres } from '../../support/servers/find-postgres.js';
import { findRedis } from '../../support/servers/find-redis.js';
import type { Found } from '../../support/servers/found.js';
import { askPostgres } from '../../support/servers/ask-postgres.js';
import { askRedis } from '../../support/servers/ask-redis.js';
import { freePort } from '../../support/servers/free-port.js';
import { servers } from '../../support/servers/servers.js';
import { noPrivatePostgres, startPostgres } from '../../support/servers/start-postgres.js';
import { noPrivateRedis, startRedis } from '../../support/servers/start-redis.js';

const KINDS = [
  {
    name: 'PostgreSQL',
    find: findPostgres,
    ask: askPostgres,
    start: startPostgres,
    variable: 'POSTGRES_URL',
    scheme: 'postgres',
    cannotStart: noPrivatePostgres(),
  },
  {
    name: 'Redis',
    find: findRedis,
    ask: askRedis,
    start: startRedis,
    variable: 'REDIS_URL',
    scheme: 'redis',
    cannotStart: noPrivateRedis(),
  },
];

const NOTHING_INSTALLED = { env: { PATH: '/nowhere' }, root: '/nowhere' };
const INSTALLED = { env: { PATH: process.env['PATH'] } };
const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  await Promise.all(ends.splice(0).map((end) => end()));
});

it('every worker is told of each server, or why there is none', () => {
  const told = Object.entries(servers).map(([name, server]) => {
    const isTold =
      'url' in server ? URL.canParse(server.url) && server.origin !== '' : server.unavailable !== '';
    return [name, isTold];
  });
  expect(told).toEqual([
    ['postgres', true],
    ['redis', true],
  ]);
});

describe.each(KINDS)('the search for $name', ({ find, ask, start, variable, scheme, cannotStart, name }) => {
  it('says both that none runs and that none is installed', async () => {
    const port = await freePort();
    expect(await find({ ...NOTHING_INSTALLED, port })).toEqual({
      unavailable: expect.stringMatching(`ECONNREFUSED 127.0.0.1:${port}, and no ${name} is installed`),
    });
  });

  it(`takes nothing else when ${variable} does not answer`, async ({ skip }) => {
    skip(cannotStart !== undefined, cannotStart);
    const { port } = await opened(start());
    const url = `${scheme}://127.0.0.1:${await freePort()}`;
    expect(await find({ env: { ...INSTALLED.env, [variable]: url }, port })).toEqual({
      unavailable: expect.stringContaining(`${variable} is set, but connect ECONNREFUSED`),
    });
    expect(await find({ env: { ...INSTALLED.env, [variable]: 'localhost' }, port })).toEqual({
      unavailable: `${variable} is set, but is no URL`,
    });
  });

  it(`takes what ${variable} names before what runs at the default port, and leaves it alone`, async ({
    skip,
  }) => {
    skip(cannotStart !== undefined, cannotStart);
    const { url } = await opened(start());
    const { port } = await opened(start());
    const found = available(await find({ env: { [variable]: url }, port }));
    expect(found).toMatchObject({ url, isPrivate: false });
    await found.stop();
    expect(await ask(url)).toHaveProperty('version');
  });

  it('takes a server that runs at the default port, as a user that it lets in, and leaves it alone', async ({
    skip,
  }) => {
    skip(cannotStart !== undefined, cannotStart);
    const { port } = await opened(start());
    const found = available(await find({ env: { PGUSER: 'nobody-knows-me', PGDATABASE: 'none' }, port }));
    expect(found.isPrivate).toBe(false);
    await found.stop();
    expect(await ask(found.url)).toHaveProperty('version');
  });

  it('starts a private one when none runs, says so, and ends it', async ({ skip }) => {
    skip(cannotStart !== undefined, cannotStart);
    const found = available(await find({ ...INSTALLED, port: await freePort() }));
    ends.push(found.stop);
    expect(found).toMatchObject({ isPrivate: true, origin: expect.stringContaining('private') });
    expect(await ask(found.url)).toHaveProperty('version');
    await found.stop();
    expect(await ask(found.url)).toHaveProperty('problem');
  });

  it('does not wait for ever for a server that says nothing, nor for one that hangs up', async () => {
    const ports = [await listener(() => {}), await listener((socket) => socket.end())];
    expect(await Promise.all(ports.map((port) => find({ ...NOTHING_INSTALLED, port })))).toEqual([
      { unavailable: expect.stringContaining('no answer within') },
      { unavailable: expect.stringContaining('closed the connection without an answer') },
    ]);
  });
});

it('does not replace programs that POSTGRES_PROGRAMS names, and that are not there', async () => {
  expect(await findPostgres({ env: { ...INSTALLED.env, POSTGRES_PROGRAMS: '/nowhere' } })).toEqual({
    unavailable: expect.stringMatching(/^POSTGRES_PROGRAMS: .*\/nowhere\/initdb/),
  });
});

describe('a server with a password', () => {
  it('PostgreSQL: is not there for a URL without one, and believed for a URL with one', async () => {
    const asksForScram = Buffer.from([...Buffer.from('R'), 0, 0, 0, 8, 0, 0, 0, 10]);
    const at = `127.0.0.1:${await listener((socket) => socket.write(asksForScram))}`;
    expect(await askPostgres(`postgres://me@${at}/test`)).toMatchObject({
      problem: `${at}: asks for a password`,
    });
    expect(await askPostgres(`postgres://me:secret@${at}/test`)).toHaveProperty('version');
  });

  it('Redis: is not there for a URL without one, or with a wrong one', async ({ skip }) => {
    skip(noPrivateRedis() !== undefined, noPrivateRedis());
    const { port, url } = await opened(startRedis({ settings: { requirepass: 'se/cret' } }));
    expect(await askRedis(url)).toHaveProperty('version');
    const at = `127.0.0.1:${port}`;
    expect(await askRedis(`redis://${at}`)).toMatchObject({ problem: expect.stringContaining('NOAUTH') });
    expect(await askRedis(`redis://:wrong@${at}`)).toMatchObject({
      problem: expect.stringContaining('WRONGPASS'),
    });
    expect(await askRedis(`redis://default:se%2Fcret@${at}/3`)).toHaveProperty('version');
    expect(await askRedis(`redis://:se%2Fcret@${at}/300`)).toMatchObject({
      problem: expect.stringContaining('out of range'),
    });
  });
});

async function opened<T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> {
  const server = await starting;
  ends.push(() => server.stop());
  return server;
}

async function listener(greet: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {}).resume();
    greet(socket);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  ends.push(async () => void server.close());
  return (server.address() as AddressInfo).port;
}

function available(found: Found): Exclude<Found, { unavailable: string }> {
  if ('unavailable' in found) throw new Error(found.unavailable);
  return found;
}
