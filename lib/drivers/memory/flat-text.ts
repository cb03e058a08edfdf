const ANY = /^/;

/**
 * The same text, in one piece. Text that was put together, also by `JSON.stringify`, keeps its pieces beside it
 * until somebody looks into it, and a job may wait for a long time: half as much again of what it would take.
 */
export function flatText(text: string): string {
  // A regular expression has to look; the engine may not skip it.
  ANY.test(text);
  return text;
}
