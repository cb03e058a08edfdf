import assert from 'node:assert/strict';
import type { ContractCase } from '../contract-case.js';
import { beatOf, completionOf, jobOf, jobsOf, newId, retryingIn } from '../job-factories.js';
import { idsOf, recordOf, start, stateOf, take } from '../looking.js';

export const infoCases: readonly ContractCase[] = [
  {
    name: 'info: records stand in the order of the ids, undefined where there is none',
    async run({ storage }) {
      const [a, b] = [jobOf(), jobOf()];
      await storage.push([a, b]);
      const records = await storage.info([b.id, newId(), a.id, b.id, 'no uuid', '']);
      assert.deepEqual(
        records.map((record) => record?.id),
        [b.id, undefined, a.id, b.id, undefined, undefined],
      );
      assert.deepEqual(await storage.info([]), []);
    },
  },
  {
    name: 'info: waiting by time is over for the reader once the time has come',
    async run(context) {
      const { storage } = context;
      const scheduled = jobOf({ due: { in: 500 } });
      await storage.push([scheduled]);
      const retrying = await start(storage);
      await storage.complete([completionOf(retrying, retryingIn(500))]);
      assert.deepEqual(
        [await stateOf(storage, scheduled.id), await stateOf(storage, retrying.id)],
        ['scheduled', 'retrying'],
      );
      await context.advance(510);
      assert.deepEqual(
        [await stateOf(storage, scheduled.id), await stateOf(storage, retrying.id)],
        ['ready', 'ready'],
      );
    },
  },
  {
    name: 'info: thousands of ids at once',
    async run({ storage }) {
      const jobs = jobsOf(5_000);
      await storage.push(jobs);
      const records = await storage.info(idsOf(jobs).toReversed());
      assert.deepEqual(
        records.map((record) => record?.id),
        idsOf(jobs).toReversed(),
      );
    },
  },
  {
    name: 'info: a record that was handed out stays as it was, whatever becomes of the job or of the record',
    async run({ storage }) {
      const { id } = await start(storage);
      await storage.complete([completionOf({ id, token: 1 }, retryingIn(0))]);
      const record = await recordOf(storage, id);
      const copy = structuredClone(record);
      await take(storage);
      await storage.progress([{ lease: { id, token: 2 }, progress: '1' }]);
      await storage.complete([completionOf({ id, token: 2 }, retryingIn(60_000, 2))]);
      assert.deepEqual(record, copy);
      Object.assign(record, { payload: 'changed', state: 'dead', failures: [] });
      const { payload, state, failures } = await recordOf(storage, id);
      assert.deepEqual([payload, state, failures.length], ['{}', 'retrying', 2]);
    },
  },
  {
    name: 'progress: the newest value of a running job is stored, and stays when it ends',
    async run({ storage }) {
      const leased = await start(storage);
      const { id, token } = leased;
      assert.equal((await recordOf(storage, id)).progress, undefined);
      await storage.progress([{ lease: { id, token }, progress: '1' }]);
      await storage.progress([
        { lease: { id, token }, progress: '{"done":2}' },
        { lease: { id: newId(), token }, progress: '"nobody"' },
      ]);
      assert.equal((await recordOf(storage, id)).progress, '{"done":2}');
      await storage.complete([completionOf(leased)]);
      assert.equal((await recordOf(storage, id)).progress, '{"done":2}');
      await storage.progress([]);
    },
  },
  {
    name: 'progress: neither extends the lease nor touches other jobs',
    async run({ storage }) {
      const [leased, other] = [await start(storage), await start(storage)];
      const before = await recordOf(storage, leased.id);
      const others = await recordOf(storage, other.id);
      await storage.progress([{ lease: { id: leased.id, token: leased.token }, progress: '5' }]);
      assert.deepEqual(await recordOf(storage, leased.id), { ...before, progress: '5' });
      assert.deepEqual(await recordOf(storage, other.id), others);
      assert.deepEqual((await storage.heartbeat(beatOf([leased, other]))).lost, []);
    },
  },
];
