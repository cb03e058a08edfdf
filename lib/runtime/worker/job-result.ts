import { describeFailure } from '../../core/failure.js';
import { encodeValue } from '../../core/payload.js';

const LIMIT = 64 * 1024;
const LONGEST_PROBLEM = 500;

/** A result as text, or why it cannot be: then `text` is a marker that says so in its place. */
export interface EncodedResult {
  readonly text: string;
  readonly problem?: string;
}

/** Never throws: the work is done, and no trouble with its result may have it done again. */
export function encodeResult(value: unknown): EncodedResult {
  try {
    return { text: encodeValue(value, LIMIT) };
  } catch (error) {
    const problem = describeFailure(error).message.slice(0, LONGEST_PROBLEM).toWellFormed();
    return { text: JSON.stringify({ $unstorable: problem }), problem };
  }
}
