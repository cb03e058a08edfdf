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

/** The text that storages keep, as opaque as the payload. @publicApi */
export function encodePolicy(policy: Policy): string {
  return JSON.stringify(policy);
}

/**
 * Reads a stored policy. What is missing or unreadable falls back to the defaults: a record must never be stuck.
 * @publicApi
 */
export function decodePolicy(text: string): Policy {
  const known = decoded.get(text);
  if (known) return known;
  const policy = { ...DEFAULT_POLICY, ...parse(text) };
  if (decoded.size >= CACHED) decoded.clear();
  decoded.set(text, policy);
  return policy;
}

function parse(text: string): Partial<Policy> {
  try {
    return JSON.parse(text) as Partial<Policy>;
  } catch {
    return {};
  }
}
