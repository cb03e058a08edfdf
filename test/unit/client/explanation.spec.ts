import { describe, expect, it } from 'vitest';
import { explain, type Reason, type Surroundings } from '../../../lib/client/inspect/explanation.js';
import type { JobRecord } from '../../../lib/core/job.js';
import { DEFAULT_POLICY, encodePolicy } from '../../../lib/core/policy.js';
import type { LiveRunner } from '../../../lib/storage/claims.js';
import type { QueueStats } from '../../../lib/storage/inspection.js';

const NOW = Date.UTC(2030, 0, 1);

function record(over: Partial<JobRecord> = {}): JobRecord {
  return {
    ...{ id: 'job', name: 'mail', queue: 'mail', payload: '{}', policy: encodePolicy(DEFAULT_POLICY) },
    ...{ priority: 0, attempt: 0, stalls: 0, token: 1, enqueuedAt: NOW, runAt: NOW, failures: [] },
    state: 'ready',
    ...over,
  };
}

function runner(over: Partial<LiveRunner> = {}): LiveRunner {
  return {
    ...{ id: 'one', host: 'box', pid: 7, startedAt: NOW, beatAt: NOW, running: 0 },
    ...{ queues: { mail: 2 }, names: ['mail'] },
    ...over,
  };
}

function stats(over: Partial<QueueStats> = {}): QueueStats {
  return {
    ...{ queue: 'mail', blocked: 0, ready: 1, scheduled: 0, running: 0, retrying: 0, dead: 0, completed: 0 },
    failed: 0,
    since: NOW,
    ...over,
  };
}

function reasons(job: JobRecord | undefined, around: Partial<Surroundings> = {}): readonly Reason[] {
  return explain('job', job, { now: NOW, queues: [stats()], runners: [runner()], ...around }).reasons;
}

function kinds(...of: Parameters<typeof reasons>): string[] {
  return reasons(...of).map(({ kind }) => kind);
}

describe('why a job does not run', () => {
  it('it is not known', () => {
    expect(explain('job', undefined, { now: NOW, queues: [], runners: [] })).toMatchObject({
      id: 'job',
      reasons: [{ kind: 'unknown', message: expect.stringContaining('no such job') }],
    });
  });

  it('it has ended', () => {
    const endedAt = NOW - 1_000;
    expect(reasons(record({ state: 'completed', endedAt }))).toEqual([
      { kind: 'completed', at: new Date(endedAt), message: 'It completed at 2029-12-31T23:59:59.000Z.' },
    ]);
    const failures = [{ name: 'Error', message: 'no route', attempt: 6, at: endedAt }];
    expect(reasons(record({ state: 'dead', endedAt, reason: 'retries-exhausted', failures }))).toMatchObject([
      { kind: 'dead', because: 'retries-exhausted', error: 'no route' },
    ]);
    expect(reasons(record({ state: 'cancelled', endedAt, cancelReason: 'spam' }))).toMatchObject([
      { kind: 'cancelled', because: 'spam' },
    ]);
  });

  it('it runs, and by whom', () => {
    const running = record({ state: 'running', runner: 'one', startedAt: NOW, leaseUntil: NOW + 1 });
    expect(reasons(running)).toEqual([
      {
        ...{ kind: 'running', runner: 'one', host: 'box', pid: 7, since: new Date(NOW), isLive: true },
        message: 'It is with runner one (process 7 on box) since 2030-01-01T00:00:00.000Z.',
      },
    ]);
    expect(reasons({ ...running, cancelReason: 'spam' })[1]).toMatchObject({
      ...{ kind: 'asked-to-end', because: 'spam' },
    });
  });

  it('its runner is gone and nobody has put it back yet', () => {
    const lost = record({ state: 'running', runner: 'gone', leaseUntil: NOW });
    expect(reasons(lost)).toMatchObject([
      { kind: 'running', runner: 'gone', isLive: false },
      { kind: 'lease-over', since: new Date(NOW) },
    ]);
  });

  it('it is not due', () => {
    expect(reasons(record({ state: 'scheduled', runAt: NOW + 500 }))).toEqual([
      {
        ...{ kind: 'not-due', at: new Date(NOW + 500), in: 500, isRetry: false },
        message: 'It is due at 2030-01-01T00:00:00.500Z, in 500 ms.',
      },
    ]);
    expect(reasons(record({ state: 'retrying', runAt: NOW + 500 }))).toMatchObject([{ isRetry: true }]);
  });

  it('its queue is paused', () => {
    const queues = [stats({ queue: 'other' }), stats({ paused: { at: NOW, reason: 'provider down' } })];
    expect(reasons(record(), { queues })).toMatchObject([
      { kind: 'queue-paused', queue: 'mail', since: new Date(NOW), because: 'provider down' },
    ]);
  });

  it('a limit of the queue is reached, or its rate may hold it back', () => {
    const limits = { concurrency: 3, rate: { count: 10, per: 1_000 } };
    expect(reasons(record(), { queues: [stats({ running: 3, limits })] })[0]).toEqual({
      ...{ kind: 'limit-reached', queue: 'mail', concurrency: 3, running: 3 },
      message: "3 jobs of the queue 'mail' run, and its limit is 3.",
    });
    expect(reasons(record(), { queues: [stats({ running: 2, limits })] })).toMatchObject([
      { kind: 'rate-reached', queue: 'mail', rate: { count: 10, per: 1_000 } },
    ]);
  });

  it('its group is paused, at its limit or at its rate', () => {
    const limits = { groups: { concurrency: 2, rate: { count: 1, per: 500 } } };
    const group = {
      ...{ waiting: 1, running: 2, startsAgainAt: NOW + 9 },
      paused: { at: NOW, reason: 'customer left' },
    };
    const around = { queues: [stats({ limits })], group };
    expect(reasons(record({ group: 'acme' }), around)).toMatchObject([
      { kind: 'group-paused', group: 'acme', since: new Date(NOW), because: 'customer left' },
      { kind: 'group-limit', group: 'acme', concurrency: 2, running: 2 },
      { kind: 'rate-reached', group: 'acme', until: new Date(NOW + 9) },
    ]);
  });

  it('its time is over', () => {
    expect(reasons(record({ expiresAt: NOW }))).toMatchObject([{ kind: 'expired', since: new Date(NOW) }]);
    expect(kinds(record({ expiresAt: NOW + 1 }))).toEqual(['imminent']);
  });

  it('no runner is live, or none has slots for its queue', () => {
    expect(reasons(record(), { runners: [] })).toMatchObject([{ kind: 'no-runner', runners: 0 }]);
    const runners = [runner({ queues: { other: 5 } }), runner({ queues: { mail: 0 } })];
    expect(reasons(record(), { runners })).toMatchObject([{ kind: 'no-runner', runners: 2 }]);
    expect(kinds(record({ queue: 'toString' }), { runners })).toEqual(['no-runner']);
  });

  it('no runner of its queue knows its name, though one of another queue does', () => {
    const runners = [runner({ names: ['x'] }), runner({ id: 'two', queues: { other: 1 } })];
    expect(reasons(record(), { runners })).toMatchObject([
      { kind: 'unknown-name', name: 'mail', runners: ['one'] },
    ]);
  });

  it('all slots are taken', () => {
    const queues = [stats({ running: 4 })];
    const runners = [runner({ running: 2 }), runner({ id: 'two', running: 2 })];
    expect(reasons(record(), { queues, runners })).toMatchObject([
      { kind: 'slots-busy', queue: 'mail', slots: 4, running: 4 },
    ]);
  });

  it('slots of those that do not know it do not count, nor jobs of another queue', () => {
    const busy = [runner({ running: 2 }), runner({ id: 'two', names: ['x'], queues: { mail: 50 } })];
    expect(kinds(record(), { queues: [stats({ running: 2 })], runners: busy })).toEqual(['slots-busy']);
    const elsewhere = [runner({ running: 9, queues: { mail: 2, other: 9 } })];
    expect(kinds(record(), { queues: [stats()], runners: elsewhere })).toEqual(['imminent']);
    const idle = [runner(), runner({ id: 'two', names: ['x'], running: 9, queues: { mail: 9 } })];
    expect(kinds(record(), { queues: [stats({ running: 9 })], runners: idle })).toEqual(['imminent']);
  });

  it('others are ready, itself not counted', () => {
    expect(reasons(record(), { queues: [stats({ ready: 3 })] })).toMatchObject([
      { kind: 'others-ready', ready: 2 },
    ]);
  });

  it('nothing is in its way', () => {
    expect(kinds(record())).toEqual(['imminent']);
    expect(kinds(record(), { queues: [] })).toEqual(['imminent']);
  });

  it('several reasons come in the order in which they stand in the way', () => {
    const queues = [stats({ ready: 5, running: 2, paused: { at: NOW, reason: 'x' } })];
    const runners = [runner({ running: 2 })];
    expect(kinds(record({ state: 'retrying', runAt: NOW + 1 }), { queues, runners })).toEqual([
      'not-due',
      'queue-paused',
      'slots-busy',
    ]);
    expect(kinds(record(), { queues, runners })).toEqual(['queue-paused', 'slots-busy', 'others-ready']);
  });
});
