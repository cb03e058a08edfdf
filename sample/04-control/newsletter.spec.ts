import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JobRun, JobsTestingOptions } from 'nestjs-background-jobs/testing';
import { SqliteStorage } from 'nestjs-background-jobs/sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { IssueReport } from './jobs/issue-report.job.js';
import { SendIssue } from './jobs/send-issue.job.js';
import { boot } from './testing/boot.js';

const STORAGES: Readonly<Record<string, () => Promise<JobsTestingOptions>>> = {
  memory: async () => ({}),
  // As in production, in a file that is gone when the test is over.
  sqlite: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'newsletter-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    return { storage: (clock) => new SqliteStorage({ path: join(folder, 'jobs.db'), clock }) };
  },
};

describe.each(Object.entries(STORAGES))('a newsletter on %s', (_, storage) => {
  it('is reported on when all its copies have ended, however they did', async () => {
    const { jobs, newsletter, provider } = await boot(await storage());
    await newsletter.send('acme', ['ada@example.org', 'grace@old.example', 'alan@example.org']);
    // It waits for them, and is in no worker's way.
    await jobs.expectQueued(IssueReport, { state: 'blocked', times: 1 });

    const runs = await jobs.drain();
    expect(runs.map(({ outcome }) => outcome)).toEqual(['completed', 'dead', 'completed', 'completed']);
    expect(runs.at(-1)?.result).toEqual({ customer: 'acme', sent: 2, dead: 1 });
    expect(provider.sent).toEqual(['acme: ada@example.org', 'acme: alan@example.org']);
  });

  it('is tried for a minute where the provider is down, and then given up', async () => {
    const { jobs, newsletter } = await boot(await storage());
    const start = jobs.now().getTime();
    jobs.failNext(SendIssue, new Error('503'), 6);
    await newsletter.send('acme', ['ada@example.org']);
    const runs = await jobs.advance('2m');
    expect(runs.map((run) => `${run.name} ${run.outcome} ${secondsSince(start, run)}`)).toEqual([
      ...[0, 2, 6, 14, 30].map((seconds) => `send-issue retrying ${seconds}`),
      'send-issue dead 62',
      'issue-report completed 62',
    ]);
    expect(runs.at(-1)?.result).toEqual({ customer: 'acme', sent: 0, dead: 1 });
  });

  it('keeps to the rate of the provider, and lets customers take turns', async () => {
    const { jobs, newsletter, provider } = await boot(await storage());
    const start = jobs.now().getTime();
    await newsletter.send('globex', readers(80));
    await newsletter.send('acme', readers(10));
    const copies = (await jobs.advance('5s')).filter(({ name }) => name === 'send-issue');
    // Forty may go in each second.
    expect(copies.map((run) => Math.floor(secondsSince(start, run)))).toEqual(
      [0, 1, 2].flatMap((second) => Array.from({ length: second < 2 ? 40 : 10 }, () => second)),
    );
    // The ten of acme did not wait for the eighty that came before.
    expect(provider.sent.slice(0, 21).filter((copy) => copy.startsWith('acme'))).toHaveLength(10);
  });

  it('brings back what was dead, slowly, once the reason is mended', async () => {
    const { jobs, newsletter, provider, inspector } = await boot(await storage());
    await newsletter.send('acme', ['ada@old.example', 'grace@old.example', 'alan@old.example']);
    await jobs.drain();
    const dead = { state: 'dead', name: 'send-issue' } as const;
    const { count, causes } = await inspector.redrive(dead, { dryRun: true, rate: '1/s' });
    expect([count, causes.map((cause) => [cause.reason, cause.count])]).toEqual([3, [['non-retryable', 3]]]);

    provider.isMended = true;
    expect(await inspector.redrive(dead, { rate: '1/s' })).toMatchObject({ done: 3 });
    const start = jobs.now().getTime();
    const runs = await jobs.advance('1m');
    expect(runs.map((run) => [run.outcome, secondsSince(start, run)])).toEqual([
      ['completed', 0],
      ['completed', 1],
      ['completed', 2],
    ]);
    expect((await inspector.count(dead)).count).toBe(0);
  });

  it('is digested at three on the wall of Berlin, once a night, whatever is done to the clocks', async () => {
    // In the night to the 29th of March the hour from two to three is left out; in October it comes twice.
    const spring = await boot({ ...(await storage()), now: '2026-03-27T12:00:00Z' });
    expect((await spring.jobs.advance('3 days')).map(({ at }) => at.toISOString())).toEqual([
      '2026-03-28T02:00:00.000Z',
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T01:00:00.000Z',
    ]);
    const autumn = await boot({ ...(await storage()), now: '2026-10-23T12:00:00Z' });
    const nights = await autumn.jobs.advance('3 days');
    expect(nights.map(({ at }) => at.toISOString())).toEqual([
      '2026-10-24T01:00:00.000Z',
      '2026-10-25T02:00:00.000Z',
      '2026-10-26T02:00:00.000Z',
    ]);
    expect(nights[0]?.result).toBe('0 copies sent until 2026-10-24T01:00:00.000Z');
  });
});

function readers(count: number): string[] {
  return Array.from({ length: count }, (_, nth) => `reader-${nth}@example.org`);
}

function secondsSince(start: number, { at }: JobRun): number {
  return (at.getTime() - start) / 1000;
}
