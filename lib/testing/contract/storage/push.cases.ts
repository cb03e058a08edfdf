import assert from 'node:assert/strict';
import type { NewJob } from '../../../storage/new-job.js';
import type { ContractCase } from '../contract-case.js';
import { completionOf, jobOf, jobsOf, newId, requestOf } from '../job-factories.js';
import { assertBetween, fieldsOf, idsOf, only, recordOf, start, stateOf, take } from '../looking.js';

export const pushCases: readonly ContractCase[] = [
  {
    name: 'push: a new job is stored as it was given, and nothing has happened to it yet',
    async run({ storage }) {
      const job = jobOf({ payload: '{"a":1}', policy: '{"maxRetries":3}', priority: -7, meta: '"m"' });
      const before = await storage.now();
      assert.deepEqual(await storage.push([job]), [{ id: job.id, duplicate: false }]);
      const record = await recordOf(storage, job.id);
      assertBetween(before, record.enqueuedAt, await storage.now(), 'enqueuedAt');
      assert.deepEqual(fieldsOf(record), {
        ...{ id: job.id, name: 'noop', queue: 'default', payload: '{"a":1}', policy: '{"maxRetries":3}' },
        ...{ priority: -7, meta: '"m"', state: 'ready', token: 0, attempt: 0, stalls: 0, failures: [] },
        ...{ enqueuedAt: record.enqueuedAt, runAt: record.enqueuedAt },
      });
    },
  },
  {
    name: 'push: a priority that is no whole number is refused, and with it the whole push',
    async run({ storage }) {
      const jobs = [jobOf(), jobOf({ priority: 0.5 }), jobOf()];
      await assert.rejects(storage.push(jobs));
      assert.deepEqual(await storage.info(jobs.map(({ id }) => id)), [undefined, undefined, undefined]);
      await storage.push([jobs[0] as NewJob]);
      await assert.rejects(storage.change([jobs[0]?.id ?? ''], { priority: 0.5 }));
      assert.equal((await recordOf(storage, jobs[0]?.id ?? '')).priority, 0);
    },
  },
  {
    name: 'push: answers stand in the order of the jobs, an empty batch has none',
    async run({ storage }) {
      const [a, b, c] = [jobOf(), jobOf(), jobOf()];
      await storage.push([b]);
      assert.deepEqual(await storage.push([c, b, a]), [
        { id: c.id, duplicate: false },
        { id: b.id, duplicate: true },
        { id: a.id, duplicate: false },
      ]);
      assert.deepEqual(await storage.push([]), []);
    },
  },
  {
    name: 'push: the same batch again, as after a lost reply, stores nothing and reports the jobs that are there',
    async run({ storage }) {
      const jobs = jobsOf(20);
      await storage.push(jobs);
      const again = await storage.push(jobs.map((job) => ({ ...job, payload: '{"other":true}' })));
      assert.deepEqual(
        again,
        jobs.map(({ id }) => ({ id, duplicate: true })),
      );
      const taken = await take(storage, requestOf({ limit: 100 }));
      assert.deepEqual(idsOf(taken), idsOf(jobs));
      assert.ok(taken.every(({ payload }) => payload === '{}'));
    },
  },
  {
    name: 'push: an id that stands twice in one batch makes one job',
    async run({ storage }) {
      const job = jobOf();
      assert.deepEqual(await storage.push([job, job]), [
        { id: job.id, duplicate: false },
        { id: job.id, duplicate: true },
      ]);
      assert.equal((await take(storage)).length, 1);
    },
  },
  {
    name: 'push: an id is known while its job runs and once it has ended, as long as its record is kept',
    async run({ storage }) {
      const running = await start(storage);
      const again = jobOf({ id: running.id });
      assert.deepEqual(await storage.push([again]), [{ id: running.id, duplicate: true }]);
      assert.equal(await stateOf(storage, running.id), 'running');
      await storage.complete([completionOf(running)]);
      assert.deepEqual(await storage.push([again]), [{ id: running.id, duplicate: true }]);
      assert.equal(await stateOf(storage, running.id), 'completed');
      assert.deepEqual(await take(storage), []);
    },
  },
  {
    name: 'push: an id whose record was removed is new again',
    async run({ storage }) {
      const job = jobOf();
      await storage.push([job]);
      await storage.remove([job.id]);
      assert.deepEqual(await storage.push([job]), [{ id: job.id, duplicate: false }]);
      assert.equal(only(await take(storage)).id, job.id);
    },
  },
  {
    name: 'push: rivals that push the same ids make one job of each',
    async run(context) {
      const rivals = await context.rivals(4);
      for (let round = 0; round < 30; round++) {
        const jobs = jobsOf(5, { queue: `q${round}` });
        const answers = await Promise.all(rivals.map((rival) => rival.push(jobs)));
        const made = answers.flat().filter(({ duplicate }) => !duplicate);
        assert.deepEqual(idsOf(made).toSorted(), idsOf(jobs).toSorted(), `round ${round}`);
        const queues = [{ queue: `q${round}`, limit: 100 }];
        assert.equal((await take(context.storage, requestOf({ queues }))).length, 5);
      }
    },
  },
  {
    name: 'push: a delay counts from the push, by the clock of the storage',
    async run({ storage }) {
      const job = jobOf({ due: { in: 5_000 } });
      const before = await storage.now();
      await storage.push([job]);
      const record = await recordOf(storage, job.id);
      assert.equal(record.state, 'scheduled');
      assertBetween(before + 5_000, record.runAt, (await storage.now()) + 5_000, 'runAt');
    },
  },
  {
    name: 'push: a time in the future is kept exactly, one in the past means now',
    async run({ storage }) {
      const before = await storage.now();
      const [later, earlier] = [
        jobOf({ due: { at: before + 60_000 } }),
        jobOf({ due: { at: before - 60_000 } }),
      ];
      await storage.push([later, earlier]);
      assert.equal((await recordOf(storage, later.id)).runAt, before + 60_000);
      assert.equal(await stateOf(storage, later.id), 'scheduled');
      assertBetween(before, (await recordOf(storage, earlier.id)).runAt, await storage.now(), 'runAt');
      assert.equal(await stateOf(storage, earlier.id), 'ready');
    },
  },
  {
    name: 'push: a job ten years ahead is kept and not taken',
    async run({ storage }) {
      const tenYears = 10 * 365.25 * 24 * 3_600_000;
      const job = jobOf({ due: { in: tenYears } });
      const before = await storage.now();
      await storage.push([job]);
      assert.deepEqual(await take(storage), []);
      assert.ok((await recordOf(storage, job.id)).runAt >= before + tenYears);
    },
  },
  {
    name: 'push: ids need not be UUIDs',
    async run({ storage }) {
      const ids = ['order:42', `it's "quoted"`, '-1', `${newId()} `, 'émoji 🎉', 'x'.repeat(255)];
      await storage.push(ids.map((id) => jobOf({ id })));
      assert.deepEqual(idsOf(await take(storage)), ids);
      const records = await storage.info(ids);
      assert.deepEqual(
        records.map((record) => record?.id),
        ids,
      );
    },
  },
  {
    name: 'push: groups are refused by a storage that declares none, and the batch stores nothing',
    lacks: 'groups',
    async run({ storage }) {
      const jobs = [jobOf(), jobOf({ group: 'g' })];
      await assert.rejects(storage.push(jobs), { code: 'UNSUPPORTED' });
      assert.deepEqual(await storage.info(idsOf(jobs)), [undefined, undefined]);
    },
  },
  {
    name: 'push: a group is kept with the job and can be listed by',
    needs: 'groups',
    async run({ storage }) {
      const [inside, outside] = [jobOf({ group: 'g' }), jobOf()];
      await storage.push([inside, outside]);
      assert.equal((await recordOf(storage, inside.id)).group, 'g');
      assert.deepEqual(idsOf((await storage.list({ group: 'g', limit: 10 })).jobs), [inside.id]);
      assert.equal((await take(storage)).find(({ id }) => id === inside.id)?.group, 'g');
    },
  },
  {
    name: 'push: expiry is refused by a storage that declares none, and the batch stores nothing',
    lacks: 'expiry',
    async run({ storage }) {
      const jobs = [jobOf(), jobOf({ expiresIn: 1_000 })];
      await assert.rejects(storage.push(jobs), { code: 'UNSUPPORTED' });
      assert.deepEqual(await storage.info(idsOf(jobs)), [undefined, undefined]);
    },
  },
];
