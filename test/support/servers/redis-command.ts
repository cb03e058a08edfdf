import { once } from 'node:events';
import { connect } from 'node:net';

/** One command as it goes over the wire. */
export function redisCommand(words: readonly string[]): string {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${words.length}\r\n${parts.join('')}`;
}

/** Sends one command that has a short answer, and gives that as it came. Needs no client to be installed. */
export async function tellRedis(port: number, words: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(redisCommand(words));
  const [answer] = await once(socket, 'data');
  socket.destroy();
  return String(answer);
}
