import { splitCarried } from './carried.js';

/**
 * Which tick made a job. A storage knows a job's due time only until it is retried, and a past one not at all; so
 * the tick travels in front of the job's `meta`, which every storage gives back untouched.
 */
export interface TickMark {
  /** The key of the schedule. */
  readonly schedule: string;
  /** When it ticked; milliseconds since the epoch. */
  readonly tick: number;
}

// No JSON text begins with it, so that plain meta is never mistaken.
const SIGN = '@';

/** The stored `meta` of a job that a tick made. `meta` is the encoded meta of the schedule's declaration. */
export function markTick({ schedule, tick }: TickMark, meta: string | undefined): string {
  return `${SIGN}${JSON.stringify([tick, schedule])}\n${meta ?? ''}`;
}

/** A stored `meta`, taken apart. A job that a tick made carries nothing: it had no caller. */
export interface SplitMeta {
  readonly mark?: TickMark;
  /** What carriers captured, encoded. */
  readonly carried?: string;
  readonly meta?: string;
}

/** Takes a stored `meta` apart. What no longer reads as a mark is none. */
export function splitMeta(stored: string | undefined): SplitMeta {
  if (stored === undefined) return {};
  if (!stored.startsWith(SIGN)) return splitCarried(stored);
  const end = stored.indexOf('\n');
  const meta = end < 0 ? '' : stored.slice(end + 1);
  const mark = readMark(stored.slice(SIGN.length, end < 0 ? undefined : end));
  return { ...(mark && { mark }), ...(meta === '' ? {} : { meta }) };
}

function readMark(text: string): TickMark | undefined {
  try {
    const [tick, schedule] = JSON.parse(text) as readonly unknown[];
    return typeof tick === 'number' && typeof schedule === 'string' ? { schedule, tick } : undefined;
  } catch {
    return undefined;
  }
}
