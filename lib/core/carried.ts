import { InvalidContextError, InvalidPayloadError } from './errors.js';
import { encodeValue, isFields } from './payload.js';

/** UTF-8 bytes of all that carriers give to one job. */
const LIMIT = 8 * 1024;

// No JSON text begins with it, so that plain meta is never mistaken.
const SIGN = '^';

/** What carriers captured, by their names. */
export type Carried = Readonly<Record<string, unknown>>;

/** Throws `InvalidContextError` when it is no plain JSON, or too much. */
export function encodeCarried(values: Carried): string {
  try {
    return encodeValue(values, LIMIT);
  } catch (error) {
    if (!(error instanceof InvalidPayloadError)) throw error;
    const { path, issues } = error;
    const what = path === '$' ? 'All that carriers captured' : `What carriers captured, ${path},`;
    throw new InvalidContextError(`${what} ${issues[0]?.message ?? ''}: it cannot go along with a job`, {
      cause: error,
    });
  }
}

/** The stored `meta` of a job that carries something. It travels there, since every storage gives that back untouched. */
export function markCarried(carried: string, meta: string | undefined): string {
  return `${SIGN}${carried}\n${meta ?? ''}`;
}

/** Takes apart what `markCarried` made; anything else is plain meta. */
export function splitCarried(stored: string): { readonly carried?: string; readonly meta?: string } {
  if (!stored.startsWith(SIGN)) return { meta: stored };
  const end = stored.indexOf('\n');
  const carried = stored.slice(SIGN.length, end < 0 ? undefined : end);
  return end < 0 || end + 1 === stored.length ? { carried } : { carried, meta: stored.slice(end + 1) };
}

/** What no longer reads is nothing: no run may fail for it. */
export function decodeCarried(carried: string | undefined): Carried {
  if (carried === undefined) return {};
  try {
    const values: unknown = JSON.parse(carried);
    return isFields(values) ? values : {};
  } catch {
    return {};
  }
}
