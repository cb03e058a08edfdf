import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Actor } from './actor.js';
import { Occupy } from './fixtures/jobs.mjs';
import { randomOf } from './random.js';
import { SHARED_STORAGES } from './shared-storages.js';
import { Stage, type Line } from './stage.js';
import { until } from './until.js';

const SECONDS = Number(process.env['LIMIT_SECONDS'] ?? 6);
const SEED = Number(process.env['LIMIT_SEED'] ?? Date.now() % 1_000_000);
const LIMIT = 3;
const WORKERS = 4;
const LEASE = 600;
/** The longest pause between two sweeps of a process. */
const SWEEP = LEASE / 2;
/** What a busy machine may add. */
const REST = 2_000;
const WORK = 40;

/** A process that was killed, and how many lines there were once it was gone. */
interface Killed {
  readonly pid: number;
  readonly lines: number;
}

let stage: Stage;

describe.each(SHARED_STORAGES)('on $name', (shared) => {
  beforeEach(async () => {
    stage = await Stage.open(shared);
  });
  afterEach(() => stage.close());

  it(
    `a limit of ${LIMIT} holds for ${WORKERS} processes that are killed for ${SECONDS} s, and is used, seed ${SEED}`,
    async () => {
      await stage.storage.limit('default', { concurrency: LIMIT });
      const most = LIMIT * Math.ceil((SECONDS * 1_000) / WORK);
      await stage.jobs.queueAll(Array.from({ length: most }, () => new Occupy(WORK)));
      const killed = await killOneAfterAnother();

      const { atOnce, longestGap, runs } = judge(stage.lines(), killed);
      expect(atOnce, 'jobs that ran at once').toBeLessThanOrEqual(LIMIT);
      expect(runs, 'jobs that ran').toBeGreaterThan(LIMIT * WORKERS);
      // The place of a job whose process was killed is taken until its lease has run out and a sweep has found it.
      expect(longestGap, `milliseconds with fewer than ${LIMIT}`).toBeLessThan(LEASE + SWEEP + REST);
      console.info(`${runs} runs on ${shared.name}, ${killed.length} processes killed, ${longestGap} ms`);
    },
    (SECONDS + 60) * 1_000,
  );
});

async function killOneAfterAnother(): Promise<readonly Killed[]> {
  const random = randomOf(SEED);
  const killed: Killed[] = [];
  const workers = await Promise.all(Array.from({ length: WORKERS }, startWorker));
  const end = performance.now() + SECONDS * 1_000;
  for (;;) {
    await pass(1_000 + random() * 500);
    if (performance.now() > end) return killed;
    const [victim] = workers.splice(Math.floor(random() * workers.length), 1);
    if (victim === undefined) throw new Error('There is no worker left');
    await victim.end('SIGKILL');
    killed.push({ pid: victim.pid, lines: stage.lines().length });
    workers.push(await startWorker());
  }
}

/** Goes by the order of the lines, which is that of the writes, whatever the clocks of the processes say. */
function judge(lines: readonly Line[], killed: readonly Killed[]) {
  const running = new Map<string, number>();
  let [atOnce, runs, longestGap] = [0, 0, 0];
  let below: number | undefined;
  for (const [nth, { kind, pid, id = '', at }] of lines.entries()) {
    for (const one of killed) {
      if (one.lines !== nth) continue;
      for (const [job, owner] of running) if (owner === one.pid) running.delete(job);
    }
    if (kind === 'enter') {
      running.set(id, pid);
      runs += 1;
    }
    if (kind === 'leave') running.delete(id);
    atOnce = Math.max(atOnce, running.size);
    // From the first job on: before that the processes start.
    if (running.size === LIMIT) {
      longestGap = Math.max(longestGap, at - (below ?? at));
      below = undefined;
    } else if (runs > 0) below ??= at;
  }
  const last = lines.at(-1)?.at ?? 0;
  return {
    atOnce,
    runs,
    longestGap: Math.round(Math.max(longestGap, below === undefined ? 0 : last - below)),
  };
}

async function startWorker(): Promise<Actor> {
  const actor = stage.spawn('worker.mjs', { slots: LIMIT + 1, lease: LEASE, maxStalls: 1_000 });
  const isUp = () => stage.lines('up').some(({ pid }) => pid === actor.pid);
  await until('the worker is up', isUp, { seen: stage.story });
  return actor;
}

function pass(milliseconds: number): Promise<true> {
  const at = performance.now() + milliseconds;
  return until('that time', () => performance.now() > at || undefined);
}
