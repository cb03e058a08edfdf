import { DEFAULT_BACKOFF, type BackoffFormula } from './backoff.js';
import { DEFAULT_KEEP, type Keep } from './keep.js';
import { DEFAULT_MAX_RETRIES, type MaxRetries } from './max-retries.js';

/**
 * What was decided when the job was enqueued and holds for all its runs: a later change in code does not reach
 * jobs that are already stored.
 * @publicApi
 */
export interface Policy {
  readonly maxRetries: MaxRetries;
  readonly backoff: BackoffFormula;
  /** Milliseconds one run may take; absent: as long as it likes. */
  readonly timeout?: number;
  readonly keep: Keep;
}

export const DEFAULT_POLICY: Policy = {
  maxRetries: DEFAULT_MAX_RETRIES,
  backoff: DEFAULT_BACKOFF.formula,
  keep: DEFAULT_KEEP,
};

// Jobs of one class share one policy text, and a runner decodes it once per job: a few entries serve them all.
const CACHED = 1000;
const decoded = new Map<string, Policy>();
// Nor is it looked up again for each of a batch: the text may be a new one with every job.
let last = { text: '', policy: DEFAULT_POLICY };

/** The text that storages keep, as opaque as the payload. @publicApi */
export function encodePolicy(policy: Policy): string {
  return JSON.stringify(policy);
}

/**
 * Reads a stored policy. What is missing or unreadable falls back to the defaults: a record must never be stuck.
 * @publicApi
 */
export function decodePolicy(text: string): Policy {
  if (text === last.text) return last.policy;
  last = { text, policy: decoded.get(text) ?? decodeAnew(text) };
  return last.policy;
}

function decodeAnew(text: string): Policy {
  const policy = read(parse(text));
  if (decoded.size >= CACHED) decoded.clear();
  decoded.set(text, policy);
  return policy;
}

function read({ maxRetries, backoff, timeout, keep }: Stored): Policy {
  const { completed, dead, cancelled }: Stored = isObject(keep) ? keep : {};
  const fallback = DEFAULT_POLICY.keep;
  return {
    maxRetries: maxRetries === 'infinite' || isLength(maxRetries) ? maxRetries : DEFAULT_POLICY.maxRetries,
    backoff: isObject(backoff) ? (backoff as BackoffFormula) : DEFAULT_POLICY.backoff,
    ...(isLength(timeout) ? { timeout } : {}),
    keep: {
      completed: isKeep(completed) ? completed : fallback.completed,
      dead: isKeep(dead) ? dead : fallback.dead,
      cancelled: isKeep(cancelled) ? cancelled : fallback.cancelled,
    },
  };
}

type Stored = Readonly<Record<string, unknown>>;

function parse(text: string): Stored {
  try {
    const policy: unknown = JSON.parse(text);
    return isObject(policy) ? policy : {};
  } catch {
    return {};
  }
}

function isObject(value: unknown): value is Stored {
  return typeof value === 'object' && value !== null;
}

function isLength(value: unknown): value is number {
  return typeof value === 'number' && value >= 0;
}

function isKeep(value: unknown): value is number | false {
  return value === false || isLength(value);
}
