import { systemChance, systemClock } from '../../core/clock.js';
import { createIdGenerator } from '../../core/job-id.js';
import type { Lease } from '../../core/job.js';
import { DEFAULT_KEEP, type Keep } from '../../core/keep.js';
import { DEFAULT_POLICY, encodePolicy } from '../../core/policy.js';
import type { Settlement } from '../../core/settlement.js';
import type { Beat, Completion, PopRequest, RunnerInfo } from '../../storage/claims.js';
import type { NewJob } from '../../storage/new-job.js';
import type { Firing, NewSchedule } from '../../storage/schedules.js';

export const newId = createIdGenerator(systemClock, systemChance);

/** Short enough to wait for where time is real, long enough not to run out by itself within a case. */
export const LEASE = 1_000;

export function jobOf(over: Partial<NewJob> = {}): NewJob {
  return {
    id: newId(),
    name: 'noop',
    queue: 'default',
    payload: '{}',
    policy: encodePolicy(DEFAULT_POLICY),
    priority: 0,
    due: { in: 0 },
    ...over,
  };
}

export function jobsOf(count: number, over: Partial<NewJob> = {}): NewJob[] {
  return Array.from({ length: count }, () => jobOf(over));
}

/** The text of a policy that keeps ended records for these times. */
export function keeping(keep: Partial<Keep>): string {
  return encodePolicy({ ...DEFAULT_POLICY, keep: { ...DEFAULT_KEEP, ...keep } });
}

export function requestOf(over: Partial<PopRequest> & { readonly limit?: number } = {}): PopRequest {
  const { limit = 10, ...rest } = over;
  return { runner: 'runner', lease: LEASE, names: ['noop'], queues: [{ queue: 'default', limit }], ...rest };
}

/** A request for one job of each queue. */
export function requestFor(...queues: readonly string[]): PopRequest {
  return requestOf({ queues: queues.map((queue) => ({ queue, limit: 1 })) });
}

export function runnerOf(id = 'runner'): RunnerInfo {
  return { id, host: 'host', pid: 7, startedAt: 1_700_000_000_000, queues: { default: 10 }, names: ['noop'] };
}

export function beatOf(leases: readonly Lease[], lease = LEASE, runner = 'runner'): Beat {
  return { runner: runnerOf(runner), lease, leases: leases.map(leaseOf) };
}

export function leaseOf({ id, token }: Lease): Lease {
  return { id, token };
}

export function completionOf(lease: Lease, settlement: Settlement = COMPLETED): Completion {
  return { lease: leaseOf(lease), settlement };
}

export const COMPLETED = completedFor(3_600_000);

export function completedFor(keep: number | false): Settlement {
  return { state: 'completed', attempt: 0, stalls: 0, keep };
}

export function failureOf(message = 'It broke') {
  return { name: 'TypeError', message, stack: `TypeError: ${message}\n    at run` };
}

export function retryingIn(delay: number, attempt = 1, message?: string): Settlement {
  return { state: 'retrying', attempt, stalls: 0, failure: failureOf(message), delay };
}

export function deadFor(keep: number | false = 3_600_000, attempt = 6): Settlement {
  return { state: 'dead', attempt, stalls: 0, reason: 'retries-exhausted', failure: failureOf(), keep };
}

export function scheduleOf(over: Partial<NewSchedule> = {}): NewSchedule {
  return {
    key: 'nightly',
    timing: { kind: 'every', interval: 60_000 },
    missed: 'last',
    overlap: 'allow',
    template: {
      name: 'noop',
      queue: 'default',
      payload: '{}',
      policy: encodePolicy(DEFAULT_POLICY),
      priority: 0,
    },
    firstIn: 60_000,
    ...over,
  };
}

/** A step that fires one tick. */
export function firingOf(key: string, expected: number): Firing {
  return { key, expected, watermark: expected, nextAt: expected + 60_000, jobs: [jobOf()] };
}
