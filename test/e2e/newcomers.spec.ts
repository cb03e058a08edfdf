import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createStorage } from './fixtures/storages.mjs';
import { SHARED_STORAGES } from './shared-storages.js';
import { Stage } from './stage.js';
import { until } from './until.js';

const PROCESSES = 10;
const ROUNDS = 5;

// Those that have a schema to make. SQLite makes a file too, and has a spec of its own: sqlite-processes.spec.ts.
const MIGRATED = SHARED_STORAGES.filter(({ name }) => name === 'postgres');

let stage: Stage;
describe.each(MIGRATED)('on $name', (shared) => {
  beforeEach(async () => {
    stage = await Stage.open(shared);
  });
  afterEach(() => stage.close());

  it('ten processes that open an empty storage at once all succeed', async () => {
    const newcomers = Array.from({ length: PROCESSES }, () => stage.spawn('newcomer.mjs'));
    // An open that fails ends its process.
    const failed = Promise.race(newcomers.map(({ ended }) => ended)).then(() => {
      if (!stage.isClosing) throw new Error(`A process ended\n${stage.story()}`);
    });
    const all = (kind: string, count: number) =>
      Promise.race([
        failed,
        until(kind, () => stage.lines(kind).length === count, { within: 30_000, seen: stage.story }),
      ]);
    await all('waiting', PROCESSES);
    for (let round = 1; round <= ROUNDS; round += 1) {
      const empty = await shared.place(stage.folder);
      try {
        for (const newcomer of newcomers) newcomer.tell(empty.url);
        await all('queued', round * PROCESSES);
        const queued = stage.lines('queued').slice(-PROCESSES);
        const storage = await createStorage(shared.name, empty.url);
        await storage.open();
        const { jobs } = await storage.list({ limit: 100 });
        await storage.close();
        expect(jobs).toHaveLength(PROCESSES);
        expect(new Set(jobs.map(({ id }) => id))).toEqual(new Set(queued.map(({ id }) => id)));
      } finally {
        await empty.remove();
      }
    }
  });
});
