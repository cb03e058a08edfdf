import { converse } from './converse.js';
import type { Answer } from './private-server.js';

const PROTOCOL_3 = 0x00_03_00_00;
const UNKNOWN = 'of a version that it tells only with the password';

/**
 * Whether a PostgreSQL server lets the user of this URL into its database. Speaks the first words of the protocol
 * itself, because a test has to know before it loads a client. It does not prove a password: a server that asks for
 * one, of a URL that has one, counts as there, and a wrong one fails loudly in the first test.
 */
export async function askPostgres(url: string): Promise<Answer> {
  const parsed = new URL(url);
  const user = decodeURIComponent(parsed.username) || 'postgres';
  const database = decodeURIComponent(parsed.pathname.slice(1)) || user;
  return converse(parsed, 5432, postgresStartup(user, database), (heard) =>
    understand(heard, parsed.password !== ''),
  );
}

/** The first message of a client: who it is, and which database it wants. */
export function postgresStartup(user: string, database: string): Buffer {
  const words = Buffer.from(`user\0${user}\0database\0${database}\0\0`);
  const head = Buffer.alloc(8);
  head.writeInt32BE(head.length + words.length, 0);
  head.writeInt32BE(PROTOCOL_3, 4);
  return Buffer.concat([head, words]);
}

/** Undefined while there is more to hear. */
function understand(heard: Buffer, hasPassword: boolean): Answer | undefined {
  let version = UNKNOWN;
  for (const { type, body } of messagesOf(heard)) {
    if (type === 'E') return { problem: fieldOf(body, 'M') };
    if (type === 'R' && body.readInt32BE(0) !== 0) {
      return hasPassword ? { version } : { problem: 'asks for a password' };
    }
    if (type === 'S') {
      const [name, value] = body.toString().split('\0');
      if (name === 'server_version') version = value?.split(' ')[0] ?? version;
    }
    if (type === 'Z') return { version };
  }
  return undefined;
}

/** The whole messages in what was heard: a letter, a length that counts itself, a body. */
function* messagesOf(heard: Buffer): Generator<{ readonly type: string; readonly body: Buffer }> {
  let rest = heard;
  while (rest.length >= 5) {
    const end = 1 + rest.readInt32BE(1);
    if (rest.length < end) return;
    yield { type: rest.toString('latin1', 0, 1), body: rest.subarray(5, end) };
    rest = rest.subarray(end);
  }
}

/** An error's fields are texts that begin with the letter of the field. */
function fieldOf(body: Buffer, letter: string): string {
  const fields = body.toString().split('\0');
  return fields.find((field) => field.startsWith(letter))?.slice(1) ?? 'an error without a message';
}
