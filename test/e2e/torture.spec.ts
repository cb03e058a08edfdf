import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JobPage, JobRecord } from 'nestjs-background-jobs/core';
import type { Actor } from './actor.js';
import { randomOf } from './random.js';
import { SHARED_STORAGES } from './shared-storages.js';
import { RunHistory, type Silence } from './run-history.js';
import { Stage } from './stage.js';
import { until } from './until.js';

const SECONDS = Number(process.env['TORTURE_SECONDS'] ?? 8);
const SEED = Number(process.env['TORTURE_SEED'] ?? Date.now() % 1_000_000);
const WORKERS = 3;
const LEASE = 1_000;
/** The longest pause between two sweeps of a process. */
const SWEEP = LEASE / 2;
/** What a busy machine may add. */
const REST = 2_000;
const WORKER = {
  slots: 20,
  lease: LEASE,
  // At this rate of crashes an innocent job is caught in four of them now and then.
  maxStalls: 1_000,
};
const PRODUCER = { pause: 15, longest: 400 };

let stage: Stage;

describe.each(SHARED_STORAGES)('on $name', (shared) => {
  beforeEach(async () => {
    stage = await Stage.open(shared);
  });
  afterEach(() => stage.close());

  it(
    `keeps its promises while processes are killed and frozen at random for ${SECONDS} s, seed ${SEED}`,
    async () => {
      console.info(`Torture on ${shared.name}: TORTURE_SECONDS=${SECONDS} TORTURE_SEED=${SEED}`);
      const { silences, producer } = await torture();
      producer.tell('stop');
      await producer.ended;

      const acknowledged = stage.lines('acknowledged').flatMap(({ id }) => id ?? []);
      await until('all jobs have ended', haveEnded, { within: 30_000, seen: stage.story });
      const records = await allRecords();
      const tokens = new Map(records.map(({ id, token }) => [id, token]));
      expect(
        acknowledged.filter((id) => !tokens.has(id)),
        'acknowledged, and lost',
      ).toEqual([]);
      expect(records.filter(({ state }) => state !== 'completed')).toEqual([]);
      expect(
        records.filter(({ attempt }) => attempt > 0),
        'attempts charged',
      ).toEqual([]);
      const history = new RunHistory(stage.lines(), silences);
      expect(history.sharedTokens(), 'jobs of which two runs had one token').toEqual([]);
      // Chance seldom sends an end just then: that the token is what refuses it, frozen-owner.spec.ts proves.
      expect(history.completedByOthers(tokens), 'jobs not completed by their last owner alone').toEqual([]);
      // A claim may be answered late, by half a lease at the most: then the machine is too slow for this test.
      expect(history.begunWithin(LEASE / 2), 'jobs that began again during a lease').toEqual([]);
      const waits = history.recoveries(tokens);
      expect(
        waits.filter((wait) => wait > LEASE + SWEEP + REST),
        'waits of jobs that were left',
      ).toEqual([]);
      expect(waits.length, 'jobs that were left by a process').toBeGreaterThan(0);
      console.info(
        `${acknowledged.length} jobs, ${silences.length} processes killed or frozen, ${waits.length} runs cut short; ` +
          `they ran again after ${Math.round(Math.max(...waits))} ms at the latest`,
      );
    },
    (SECONDS + 60) * 1_000,
  );
});

/** Hurts one process after another; there are always two workers left, and always one of each kind again soon. */
async function torture(): Promise<{ readonly silences: readonly Silence[]; readonly producer: Actor }> {
  const random = randomOf(SEED);
  const silences: Silence[] = [];
  const workers = await Promise.all(Array.from({ length: WORKERS }, startWorker));
  let producer = await startProducer();
  const end = performance.now() + SECONDS * 1_000;
  while (performance.now() < end) {
    await pass(random() * 500);
    const dice = random();
    if (dice < 0.15) {
      await producer.end('SIGKILL');
      producer = await startProducer();
      continue;
    }
    const [victim] = workers.splice(Math.floor(random() * workers.length), 1);
    if (victim === undefined) throw new Error('There is no worker left');
    silences.push({ pid: victim.pid, at: performance.timeOrigin + performance.now() });
    if (dice < 0.75) {
      await victim.end('SIGKILL');
      workers.push(await startWorker());
    } else {
      victim.send('SIGSTOP');
      // It thaws while its jobs are given to others, or run there.
      await pass(LEASE + random() * SWEEP);
      victim.send('SIGCONT');
      workers.push(victim);
    }
  }
  return { silences, producer };
}

const startWorker = (): Promise<Actor> => startAndWait('worker.mjs', WORKER);
const startProducer = (): Promise<Actor> => startAndWait('producer.mjs', PRODUCER);

async function startAndWait(fixture: string, settings: object): Promise<Actor> {
  const actor = stage.spawn(fixture, settings);
  const isUp = () => stage.lines('up').some(({ pid }) => pid === actor.pid);
  await until(`${fixture} is up`, isUp, { seen: stage.story });
  return actor;
}

function pass(milliseconds: number): Promise<true> {
  const at = performance.now() + milliseconds;
  return until('that time', () => performance.now() > at || undefined);
}

async function haveEnded(): Promise<boolean> {
  const stats = await stage.storage.stats();
  return stats.every(
    ({ ready, scheduled, running, retrying }) => ready + scheduled + running + retrying === 0,
  );
}

/** Also of jobs whose producer was killed before it heard that they are stored. */
async function allRecords(): Promise<readonly JobRecord[]> {
  const records: JobRecord[] = [];
  let page: JobPage | undefined;
  do {
    page = await stage.storage.list({ limit: 1_000, ...(page?.cursor && { cursor: page.cursor }) });
    records.push(...page.jobs);
  } while (page.cursor !== undefined);
  return records;
}
