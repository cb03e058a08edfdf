import type { News } from './announcing.js';

/** The server takes less than 8,000 bytes. */
const MOST_BYTES = 7_000;

interface Message extends News {
  readonly from: string;
  /** Of more queues than can be named. */
  readonly all?: boolean;
}

/** News as they are sent. */
export function writeNews(from: string, news: News): string {
  const message = JSON.stringify({ from, ...news } satisfies Message);
  // A NUL or half a surrogate pair in a name is escaped in JSON.
  if (Buffer.byteLength(message) <= MOST_BYTES) return message;
  return JSON.stringify({ from, ...news, ready: [], all: true } satisfies Message);
}

/** News as they came; undefined for one's own, which are known, and for what nobody can read. */
export function readNews(self: string, payload: string): News | 'all' | undefined {
  try {
    const { from, all, ...news } = JSON.parse(payload) as Message;
    if (from === self) return undefined;
    return all === true ? 'all' : news;
  } catch {
    return 'all';
  }
}
