import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { askPostgres, postgresStartup } from '../../support/servers/ask-postgres.js';
import { noPgBouncer, startPgBouncer } from '../../support/servers/start-pgbouncer.js';
import { noPrivatePostgres, startPostgres } from '../../support/servers/start-postgres.js';

const missing = noPgBouncer() ?? noPrivatePostgres();
const ends: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

it('gives one session to two clients in turn, and nothing when it has crashed', async ({ skip }) => {
  skip(missing !== undefined, missing);
  const postgres = await startPostgres();
  ends.push(() => postgres.stop());
  const bouncer = await startPgBouncer({ before: postgres.url, settings: { default_pool_size: 1 } });
  ends.push(() => bouncer.stop());
  expect(await askPostgres(bouncer.url)).toEqual({ version: postgres.version });

  // Were a session kept for the first client, the second would wait for it.
  const [one, other] = [await client(bouncer.port), await client(bouncer.port)];
  const sessions = [await sessionOf(one), await sessionOf(other), await sessionOf(one)];
  expect(new Set(sessions).size).toBe(1);

  await bouncer.kill();
  expect(await askPostgres(bouncer.url)).toHaveProperty('problem');
  await bouncer.restart();
  expect(await askPostgres(bouncer.url)).toHaveProperty('version');
});

async function client(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  ends.push(() => socket.destroy());
  socket.write(postgresStartup('postgres', 'postgres'));
  await heardUntilReady(socket);
  return socket;
}

/** The number of the server's process that answers. */
async function sessionOf(socket: Socket): Promise<string> {
  const query = Buffer.from('Q....SELECT pg_backend_pid() AS pid\0');
  query.writeInt32BE(query.length - 1, 1);
  socket.write(query);
  const answer = (await heardUntilReady(socket)).toString('latin1');
  const pid = /\d{2,}/.exec(answer.slice(answer.indexOf('D\0')))?.[0];
  if (pid === undefined) throw new Error(`No number in ${JSON.stringify(answer)}`);
  return pid;
}

/** Until the message "ready for query", which has six bytes. */
async function heardUntilReady(socket: Socket): Promise<Buffer> {
  let heard = Buffer.alloc(0);
  while (heard.at(-6) !== 'Z'.charCodeAt(0)) {
    const [chunk] = await once(socket, 'data');
    heard = Buffer.concat([heard, chunk as Buffer]);
  }
  return heard;
}
