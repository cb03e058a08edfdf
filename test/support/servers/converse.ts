import { connect } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import type { Answer } from './private-server.js';

const LIMIT = 3_000;

/** One short talk with a server: says `opening`, then hears until `understand` knows the answer. */
export async function converse(
  url: URL,
  defaultPort: number,
  opening: Buffer | string,
  understand: (heard: Buffer) => Answer | undefined,
): Promise<Answer> {
  const place = {
    host: url.hostname.replace(/^\[|\]$/g, '') || '127.0.0.1',
    port: Number(url.port || defaultPort),
  };
  const socket =
    url.protocol === 'rediss:' ? connectSecurely({ ...place, servername: place.host }) : connect(place);
  const at = `${place.host}:${place.port}`;
  const answer = await new Promise<Answer>((resolve) => {
    let heard = Buffer.alloc(0);
    const cannot = (problem: string) => resolve({ problem: `${at}: ${problem}` });
    socket.setTimeout(LIMIT, () => cannot(`no answer within ${LIMIT} ms`));
    socket.once('error', (error: NodeJS.ErrnoException) =>
      // Node names the place itself, unless it tried several at once.
      resolve({ problem: error.message || `${at}: ${error.code}` }),
    );
    socket.once('close', () => cannot('closed the connection without an answer'));
    socket.on('data', (chunk: Buffer) => {
      heard = Buffer.concat([heard, chunk]);
      const understood = understand(heard);
      if (understood !== undefined)
        resolve(
          'version' in understood ? understood : { problem: `${at}: ${understood.problem}`, saidNo: true },
        );
    });
    socket.write(opening);
  });
  socket.destroy();
  return answer;
}
