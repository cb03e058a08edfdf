import { describeFailure } from './failure.js';
import type { Snooze } from './snooze.js';
import { decodeValue, encodeValue } from './payload.js';

/**
 * What a job comes to: what `run` of its class returns; `unknown` where a handler does the work.
 * @publicApi
 */
export type ResultOf<J> = J extends { run(...args: never[]): infer Result }
  ? Exclude<Awaited<Result>, Snooze>
  : unknown;

/** A result as text, or why it cannot be: then `text` is a marker that says so in its place. */
export interface EncodedResult {
  readonly text: string;
  readonly problem?: string;
}

const LIMIT = 64 * 1024;
const LONGEST_PROBLEM = 500;

/** Never throws: the work is done, and no trouble with its result may have it done again. */
export function encodeResult(value: unknown): EncodedResult {
  try {
    return { text: encodeValue(value, LIMIT) };
  } catch (error) {
    const problem = describeFailure(error).message.slice(0, LONGEST_PROBLEM).toWellFormed();
    return { text: JSON.stringify({ $unstorable: problem }), problem };
  }
}

/** What `encodeResult` made text of, or why it could not. */
export function decodeResult(
  text: string | undefined,
): { readonly value: unknown } | { readonly problem: string } {
  const value = decodeValue(text);
  const isMarker = typeof value === 'object' && value !== null && Object.keys(value).join() === '$unstorable';
  return isMarker ? { problem: String((value as { $unstorable?: unknown }).$unstorable) } : { value };
}
