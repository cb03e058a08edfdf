import type { Failure } from './job.js';

/**
 * What failures of one cause have in common, as twelve hexadecimal digits: the class of the error, its message but for what
 * changes from job to job, and the function of the application's own that it came from. Of an error without a stack, the
 * first two. Other code may give another fingerprint to the same trouble: it is for grouping, not for keeping.
 */
export function fingerprintOf({ name, message, stack }: Pick<Failure, 'name' | 'message' | 'stack'>): string {
  const text = [name, withoutParticulars(message), ownFunction(stack ?? '')].join('\n');
  return (hash(text, 0x811c9dc5) + hash(text, 0x01000193)).slice(0, 12);
}

/** What tells errors apart stands at the front of a message; the rest may be a whole page. */
const LONGEST = 1_000;

// No quantifier before a rare character is without a bound: a message without spaces would take a moment for each character.
/** What is quoted, then places, then whatever has a digit in it: ids, numbers, times, hexadecimal and such. */
const PARTICULARS = [
  /"[^"]*"|(?<!\w)'[^']*'(?!\w)|`[^`]*`/g,
  /\b[a-z][a-z0-9+.-]{0,20}:\/\/\S+|(?:[A-Za-z]:)?(?:[\\/][\w.@%~-]+){2,}[\\/]?/g,
  /[^\s@]{1,64}@\S+/g,
  /[\w-]{0,64}\d[\w.-]*|\b[0-9a-f]{8,}\b/gi,
];

/** `at async Charge.run (/srv/app/charge.js:14:7)` */
const FRAME = /^\s*at (?:(?:async |new )*(?<called>.+?) \()?(?<place>[^()]+?)(?::\d+){1,2}\)?$/;

/** A list of particulars is as good as one, however long it is. */
const SEVERAL = /\*(?:[\s,;:.|/+-]*\*)+/g;

function withoutParticulars(message: string): string {
  const bare = PARTICULARS.reduce(
    (text, particular) => text.replace(particular, '*'),
    message.slice(0, LONGEST),
  );
  return bare.replace(SEVERAL, '*').replace(/\s+/g, ' ').trim();
}

/** The name of the first function on the stack that is neither a library's nor Node's; its file where it has none. */
function ownFunction(stack: string): string {
  for (const line of stack.split('\n')) {
    const frame = FRAME.exec(line.slice(0, LONGEST))?.groups;
    const { called, place } = frame ?? {};
    if (place === undefined || place.startsWith('node:') || /[\\/]node_modules[\\/]/.test(place)) continue;
    // Bundlers write a hash of the content into the name of a file.
    return called ?? withoutParticulars(place.split(/[\\/]/).at(-1) ?? '');
  }
  return '';
}

/** FNV-1a over UTF-16 units, as eight hexadecimal digits. */
function hash(text: string, seed: number): string {
  let sum = seed;
  for (let index = 0; index < text.length; index++) sum = Math.imul(sum ^ text.charCodeAt(index), 0x01000193);
  return (sum >>> 0).toString(16).padStart(8, '0');
}
