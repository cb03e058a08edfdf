// PostgreSQL keeps no U+0000, and turns half of a surrogate pair into U+FFFD without a word.
const ESCAPED = '\u0001';

/** The text as PostgreSQL can keep it, never empty: nearly always as it is. */
export function toStored(text: string): string {
  const isKept = text !== '' && !text.startsWith(ESCAPED) && !text.includes('\0') && text.isWellFormed();
  return isKept ? text : ESCAPED + JSON.stringify(text);
}

export function fromStored(stored: string): string {
  return stored.startsWith(ESCAPED) ? (JSON.parse(stored.slice(ESCAPED.length)) as string) : stored;
}
