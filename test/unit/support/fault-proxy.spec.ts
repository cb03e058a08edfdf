import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FaultProxy } from '../../support/fault-proxy.js';

/** The machine may be busy; only a failure takes so long. */
function eventually<T>(look: () => T) {
  return expect.poll(look, { timeout: 4_000, interval: 5 });
}

/** Answers `x` with `echo x`, and remembers what it heard. */
let heard = '';
const atServer: Socket[] = [];
const clients: Client[] = [];
const server = createServer((socket) => {
  atServer.push(socket);
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    heard += String(chunk);
    socket.write(`echo ${String(chunk)}`);
  });
});
let proxy: FaultProxy;

beforeEach(async () => {
  heard = '';
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await FaultProxy.before(`tcp://127.0.0.1:${(server.address() as AddressInfo).port}/path`);
});

afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.destroy();
  await proxy.close();
  for (const socket of atServer.splice(0)) socket.destroy();
  server.close();
  await once(server, 'close');
});

/** A plain client that remembers what it got and how it ended. */
interface Client {
  readonly socket: Socket;
  readonly got: () => string;
  /** The code of its error, `closed` without one, `open` before. */
  readonly end: () => string;
}

function call(): Client {
  let got = '';
  let end = 'open';
  const socket = connect(proxy.port, '127.0.0.1');
  socket.on('data', (chunk) => (got += String(chunk)));
  socket.on('error', (error: NodeJS.ErrnoException) => (end = String(error.code)));
  socket.on('close', () => (end = end === 'open' ? 'closed' : end));
  const client = { socket, got: () => got, end: () => end };
  clients.push(client);
  return client;
}

async function callAndTalk(): Promise<Client> {
  const client = call();
  client.socket.write('hello');
  await eventually(client.got).toBe('echo hello');
  heard = '';
  return client;
}

it('passes everything on, each way, and the ends too', async () => {
  const client = await callAndTalk();
  expect(proxy.url).toBe(`tcp://127.0.0.1:${proxy.port}/path`);
  expect(proxy.connections).toBe(1);
  client.socket.end('bye');
  await eventually(client.end).toBe('closed');
  expect(client.got()).toBe('echo helloecho bye');
  await eventually(() => proxy.connections).toBe(0);
});

it('ends a connection that the server ends', async () => {
  const client = await callAndTalk();
  atServer[0]?.end('good night');
  await eventually(client.end).toBe('closed');
  expect(client.got()).toBe('echo hellogood night');
});

it('resets a client whose server is not there', async () => {
  server.close();
  const client = call();
  await eventually(client.end).toBe('ECONNRESET');
  server.listen((server.address() as AddressInfo | null)?.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
});

it('resets all that is open, at both ends, and lets new connections in', async () => {
  const client = await callAndTalk();
  const other = await callAndTalk();
  const ends = atServer.map((socket) => once(socket, 'error'));
  proxy.reset();
  await eventually(() => [client.end(), other.end()]).toEqual(['ECONNRESET', 'ECONNRESET']);
  const errors = (await Promise.all(ends)).map(([error]) => (error as NodeJS.ErrnoException).code);
  expect(errors).toEqual(['ECONNRESET', 'ECONNRESET']);
  expect(proxy.connections).toBe(0);
  await callAndTalk();
});

it('resets new connections alone', async () => {
  const client = await callAndTalk();
  proxy.resetNew();
  const other = call();
  await eventually(other.end).toBe('ECONNRESET');
  client.socket.write('still here');
  await eventually(client.got).toBe('echo helloecho still here');
  await proxy.heal();
  await callAndTalk();
});

it('refuses new connections alone, and takes them again at the same port', async () => {
  const client = await callAndTalk();
  proxy.refuse();
  const other = call();
  await eventually(other.end).toBe('ECONNREFUSED');
  client.socket.write('still here');
  await eventually(client.got).toBe('echo helloecho still here');
  await proxy.heal();
  await callAndTalk();
});

it('swallows requests', async () => {
  const client = await callAndTalk();
  proxy.loseBytes('to-server');
  client.socket.write('question');
  await eventually(() => proxy.lost).toBe('question'.length);
  atServer[0]?.write('news');
  await eventually(client.got).toBe('echo hellonews');
  expect([heard, client.end()]).toEqual(['', 'open']);
});

it('swallows replies, and carries nothing after what is lost', async () => {
  const client = await callAndTalk();
  proxy.loseBytes('to-client');
  client.socket.write('one');
  await eventually(() => proxy.lost).toBe('echo one'.length);
  client.socket.write('two');
  await eventually(() => heard).toBe('onetwo');
  await eventually(() => proxy.lost).toBe('echo oneecho two'.length);
  expect([client.got(), client.end()]).toEqual(['echo hello', 'open']);
});

it('keeps from each end that the other has gone, and resets at the end what lost bytes', async () => {
  const client = await callAndTalk();
  const other = await callAndTalk();
  proxy.loseBytes();
  client.socket.write('lost');
  await eventually(() => proxy.lost).toBe('lost'.length);
  client.socket.destroy();
  await eventually(client.end).toBe('closed');
  expect(atServer[0]?.readableEnded).toBe(false);
  const reset = once(atServer[0] as Socket, 'error');
  await proxy.heal();
  expect(((await reset)[0] as NodeJS.ErrnoException).code).toBe('ECONNRESET');
  other.socket.write('fine');
  await eventually(other.got).toBe('echo helloecho fine');
  expect(heard).toBe('fine');
});

it('accepts new connections into the black hole', async () => {
  proxy.loseBytes();
  const client = call();
  client.socket.write('anybody');
  await eventually(() => proxy.lost).toBe('anybody'.length);
  expect([heard, client.got(), client.end()]).toEqual(['', '', 'open']);
  await proxy.heal();
  await eventually(client.end).toBe('ECONNRESET');
});

it('swallows the replies to those who sent the words, and to nobody who comes later', async () => {
  const other = await callAndTalk();
  const deaf = call();
  deaf.socket.write('listen x');
  await eventually(deaf.got).toBe('echo listen x');
  expect(proxy.loseRepliesTo('listen')).toBe(1);
  deaf.socket.write('?');
  other.socket.write('?');
  const later = call();
  later.socket.write('listen y');
  await eventually(() => [other.got(), later.got()]).toEqual(['echo helloecho ?', 'echo listen y']);
  await eventually(() => proxy.lost).toBe('echo ?'.length);
  expect([deaf.got(), deaf.end()]).toEqual(['echo listen x', 'open']);
  await proxy.heal();
  await eventually(deaf.end).toBe('ECONNRESET');
});

it('delays each way', async () => {
  const client = await callAndTalk();
  proxy.delay(60);
  const start = performance.now();
  client.socket.write('slow');
  await eventually(() => heard).toBe('slow');
  expect(performance.now() - start).toBeGreaterThan(55);
  await eventually(client.got).toBe('echo helloecho slow');
  expect(performance.now() - start).toBeGreaterThan(110);
});

it('keeps the order when the delay ends', async () => {
  const client = await callAndTalk();
  proxy.delay(200);
  client.socket.write('slow');
  // By then it is under way, on this same event loop; were it not, the order would hold all the same.
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  proxy.delay(0);
  client.socket.write('fast');
  await eventually(() => heard).toBe('slowfast');
});

it('drops the next reply: the server has heard, the client cannot know', async () => {
  const client = await callAndTalk();
  const other = await callAndTalk();
  const dropped = proxy.dropNextReply();
  client.socket.write('commit');
  await dropped;
  await eventually(client.end).toBe('ECONNRESET');
  expect([heard, client.got()]).toEqual(['commit', 'echo hello']);
  other.socket.write('not mine');
  await eventually(other.got).toBe('echo helloecho not mine');
});

it('waits for the request with the words', async () => {
  const client = await callAndTalk();
  const dropped = proxy.dropNextReply('COMMIT');
  client.socket.write('BEGIN');
  await eventually(client.got).toBe('echo helloecho BEGIN');
  client.socket.write('COMMIT');
  await dropped;
  await eventually(client.end).toBe('ECONNRESET');
  expect(client.got()).toBe('echo helloecho BEGIN');
});

it('forgets the reply to drop when healed', async () => {
  const client = await callAndTalk();
  void proxy.dropNextReply();
  await proxy.heal();
  client.socket.write('through');
  await eventually(client.got).toBe('echo helloecho through');
});
