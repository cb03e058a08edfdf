import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Actor } from './actor.js';
import { Work } from './fixtures/jobs.mjs';
import { SHARED_STORAGES } from './shared-storages.js';
import { Stage, type Line } from './stage.js';
import { until } from './until.js';

const JOBS = 50;
const LEASE = 600;
/** The longest pause between two sweeps of a process. */
const SWEEP = LEASE / 2;
/** What a busy machine may add. */
const REST = 3_000;

let stage: Stage;
describe.each(SHARED_STORAGES)('on $name', (shared) => {
  beforeEach(async () => {
    stage = await Stage.open(shared);
  });
  afterEach(() => stage.close());

  it('loses no job and charges no attempt when processes are killed, and gives no job two owners', async () => {
    const workers = [startWorker(), startWorker(), startWorker()];
    await until('three workers are up', () => stage.lines('up').length === 3, { seen: stage.story });
    const ids = (await stage.jobs.queueAll(Array.from({ length: JOBS }, () => new Work(1_500)))).map(
      ({ id }) => id,
    );
    await until(`${JOBS} jobs run at once`, () => running().length === JOBS, { seen: stage.story });
    await killBusiest(workers);
    await killBusiest(workers);
    const records = await until('every job completed', () => completedRecords(ids), { seen: stage.story });
    expect(records.map(({ attempt }) => attempt)).toEqual(ids.map(() => 0));
    expect(records.flatMap(({ id, token }) => violations(id, token))).toEqual([]);
  });
});

function startWorker(): Actor {
  // Two of three can hold all jobs, so that no job waits for the process that comes back.
  return stage.spawn('worker.mjs', { slots: 30, lease: LEASE });
}

/** Kills the process that runs most, starts another, and waits until all that it ran was started elsewhere. */
async function killBusiest(workers: Actor[]): Promise<void> {
  const [victim] = workers.toSorted((a, b) => runsOf(b).length - runsOf(a).length);
  if (victim === undefined) throw new Error('There is no worker to kill');
  const left = runsOf(victim);
  expect(left.length, 'runs of the process that is killed').toBeGreaterThan(0);
  await victim.end('SIGKILL');
  const killedAt = performance.now();
  workers.splice(workers.indexOf(victim), 1, startWorker());
  await until(`the ${left.length} jobs of the killed process run again`, () => left.every(isTakenOver), {
    seen: stage.story,
  });
  const took = Math.round(performance.now() - killedAt);
  expect(took, `milliseconds until ${left.length} jobs ran again`).toBeLessThan(LEASE + SWEEP + REST);
}

function running(): readonly Line[] {
  const ended = new Set(['completed', 'lost', 'released'].flatMap((kind) => stage.lines(kind).map(runOf)));
  return stage.lines('started').filter((line) => !ended.has(runOf(line)));
}

function runsOf({ pid }: Actor): readonly Line[] {
  return running().filter((line) => line.pid === pid);
}

// A process that is killed right after it completed a job had no time to say so.
function isTakenOver({ id, token = 0 }: Line): boolean {
  const isNewer = (line: Line) => line.id === id && (line.token ?? 0) > token;
  return stage.lines('started').some(isNewer);
}

async function completedRecords(ids: readonly string[]) {
  const records = (await stage.storage.info(ids)).flatMap((record) => record ?? []);
  return records.every(({ state }) => state === 'completed') ? records : undefined;
}

/** Empty when the tokens of a job's runs grew one by one and only its last run completed. */
function violations(id: string, token: number): readonly string[] {
  const started = stage.lines('started').filter((line) => line.id === id);
  const tokens = started.map((line) => line.token ?? 0);
  const completed = stage.lines('completed').filter((line) => line.id === id);
  const isGrowing = tokens.every((value, index) => index === 0 || value > (tokens[index - 1] ?? 0));
  const isOne = completed.every((line) => line.token === token) && completed.length <= 1;
  const isLast = tokens.at(-1) === token;
  return isGrowing && isOne && isLast
    ? []
    : [`${id}: started with ${tokens.join()}, completed with ${completed.map((line) => line.token).join()}`];
}

function runOf({ id, token }: Line): string {
  return `${id} ${token}`;
}
