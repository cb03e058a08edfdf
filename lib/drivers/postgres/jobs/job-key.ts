import { createHash } from 'node:crypto';

// Version 8 is what keys of other texts carry, so that no id can pass for the key of another.
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-79a-f][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** What a job is found by: its id where that is a UUID, which takes less than half the room in an index. */
export function jobKeyOf(id: string): string {
  return UUID.test(id) ? id : keyOf(id);
}

/** What any other text is found by. Indexes hold no long texts, and need not: 122 bits of a hash stand for each. */
export function keyOf(...texts: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(texts)).digest('hex');
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-${hash.slice(16, 20)}-${hash.slice(20, 32)}`;
}
