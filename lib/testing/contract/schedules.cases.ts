import assert from 'node:assert/strict';
import type { Timing } from '../../core/schedule.js';
import type { Firing } from '../../storage/schedules.js';
import type { Storage } from '../../storage/storage.js';
import type { ContractCase } from './contract-case.js';
import { jobOf, keeping, scheduleOf } from './job-factories.js';
import { assertBetween, fieldsOf, idsOf, only, recordOf, take } from './looking.js';

export const schedulesCases: readonly ContractCase[] = [
  {
    name: 'schedules: a new one is stored as declared, and ticks first after firstIn',
    async run({ storage }) {
      const template = {
        name: 'a',
        queue: 'q',
        payload: '{"x":"🎉"}',
        policy: keeping({}),
        priority: 3,
        meta: '1',
      };
      const unique = { key: 'k', while: 'waiting' } as const;
      const { firstIn, ...declared } = scheduleOf({
        missed: { all: 5 },
        overlap: 'skip',
        origin: 'class',
        timing: { kind: 'cron', expression: '*/5 2 * * *', timeZone: 'Europe/London', offset: 7 },
        template: { ...template, unique },
      });
      const before = await storage.now();
      await storage.putSchedules([{ ...declared, firstIn }]);
      const { nextAt, ...stored } = only(await storage.schedules());
      assert.deepEqual(fieldsOf(stored), declared);
      assertBetween(before + firstIn, nextAt, (await storage.now()) + firstIn, 'nextAt');
    },
  },
  {
    name: 'schedules: declared again with the same timing, its next tick and watermark stay and the rest is new',
    async run(context) {
      const { storage } = context;
      await storage.putSchedules([scheduleOf({ firstIn: 0, origin: 'class' })]);
      await fireNow(storage);
      const { origin, ...before } = only(await storage.schedules());
      assert.equal(origin, 'class');
      await context.advance(50);
      const template = { ...scheduleOf().template, payload: '{"new":1}', queue: 'other' };
      await storage.putSchedules([scheduleOf({ firstIn: 5, missed: 'skip', overlap: 'skip', template })]);
      const after = only(await storage.schedules());
      assert.deepEqual(fieldsOf(after), { ...fieldsOf(before), missed: 'skip', overlap: 'skip', template });
    },
  },
  {
    name: 'schedules: a changed timing plans the next tick anew, and the watermark stays',
    async run({ storage }) {
      await storage.putSchedules([scheduleOf({ firstIn: 0 })]);
      await fireNow(storage);
      const before = only(await storage.schedules());
      const now = await storage.now();
      await storage.putSchedules([
        scheduleOf({ timing: { kind: 'every', interval: 7_000 }, firstIn: 7_000 }),
      ]);
      const { nextAt, watermark, lastJob, timing } = only(await storage.schedules());
      assertBetween(now + 7_000, nextAt, (await storage.now()) + 7_000, 'nextAt');
      assert.deepEqual(timing, { kind: 'every', interval: 7_000 });
      assert.deepEqual([watermark, lastJob], [before.watermark, before.lastJob]);
      assert.ok(watermark !== undefined && lastJob !== undefined);
    },
  },
  {
    name: 'schedules: each field of a timing counts when it is compared',
    async run({ storage }) {
      const cron = { kind: 'cron', expression: '0 3 * * *', timeZone: 'UTC' } as const;
      const changes: readonly Timing[] = [
        { ...cron, timeZone: 'Europe/London' },
        { ...cron, expression: '0 4 * * *' },
        { ...cron, offset: 5 },
        { kind: 'every', interval: 60_000 },
      ];
      for (const timing of [cron, ...changes, cron]) {
        await storage.putSchedules([scheduleOf({ timing, firstIn: 0 })]);
        const { nextAt } = only(await storage.schedules());
        await storage.fire([{ ...firingOf('nightly', nextAt), nextAt: nextAt + 600_000 }]);
        await storage.putSchedules([scheduleOf({ timing: { ...timing }, firstIn: 0 })]);
        const again = only(await storage.schedules());
        assert.deepEqual([again.timing, again.nextAt], [timing, nextAt + 600_000]);
      }
    },
  },
  {
    name: 'schedules: all by key, or those of the keys asked for that are there',
    async run({ storage }) {
      const odd = `it's "odd" \\ 🎉 %_`;
      const keys = ['b', 'a', odd, 'c'];
      await storage.putSchedules(keys.map((key) => scheduleOf({ key })));
      const keysOf = async (asked?: readonly string[]) =>
        (await storage.schedules(asked)).map(({ key }) => key);
      assert.deepEqual(await keysOf(), ['a', 'b', 'c', odd]);
      assert.deepEqual(await keysOf(['c', 'nothing', 'a', 'c']), ['a', 'c']);
      assert.deepEqual(await keysOf([odd]), [odd]);
      assert.deepEqual(await keysOf([]), []);
      const [whole] = await storage.schedules(['b']);
      assert.deepEqual(whole, (await storage.schedules())[1]);
    },
  },
  {
    name: 'schedules: removed by key, true where there was one; declared again it is new',
    async run({ storage }) {
      await storage.putSchedules([scheduleOf({ key: 'a', firstIn: 0 }), scheduleOf({ key: 'b' })]);
      await fireNow(storage);
      assert.deepEqual(await storage.removeSchedules(['a', 'nothing']), [true, false]);
      assert.deepEqual(await storage.removeSchedules(['a']), [false]);
      assert.deepEqual(
        (await storage.schedules()).map(({ key }) => key),
        ['b'],
      );
      await storage.putSchedules([scheduleOf({ key: 'a' })]);
      const again = (await storage.schedules()).find(({ key }) => key === 'a');
      assert.ok(again && again.watermark === undefined && again.lastJob === undefined);
      assert.deepEqual(await storage.removeSchedules([]), []);
    },
  },
  {
    name: 'schedules: due are those whose tick has come, and it tells when the next of the others comes',
    async run(context) {
      const { storage } = context;
      assert.deepEqual(fieldsOf(await storage.dueSchedules(10)), { now: await storage.now(), due: [] });
      await storage.putSchedules([
        scheduleOf({ key: 'soon', firstIn: 100 }),
        scheduleOf({ key: 'later', firstIn: 60_000 }),
        scheduleOf({ key: 'first', firstIn: 50 }),
      ]);
      const none = await storage.dueSchedules(10);
      assert.deepEqual(none.due, []);
      assert.ok(none.nextIn !== undefined && none.nextIn <= 50 && none.nextIn >= 0);
      await context.advance(110);
      const { due, nextIn, now } = await storage.dueSchedules(10);
      assert.deepEqual(due.map(({ key }) => key).toSorted(), ['first', 'soon']);
      assert.ok(
        nextIn !== undefined &&
          nextIn > 0 &&
          nextIn <= 60_000 - 110 &&
          due.every(({ nextAt }) => nextAt <= now),
      );
      assert.equal((await storage.dueSchedules(1)).due.length, 1);
    },
  },
  {
    name: 'fire: stores the jobs and moves the schedule in one step',
    async run({ storage }) {
      await storage.putSchedules([scheduleOf({ firstIn: 0 })]);
      const { nextAt } = only((await storage.dueSchedules(10)).due);
      const jobs = [jobOf({ payload: '{"tick":1}' }), jobOf({ payload: '{"tick":2}' })];
      const firing = { key: 'nightly', expected: nextAt, watermark: nextAt, nextAt: nextAt + 60_000, jobs };
      assert.deepEqual(await storage.fire([firing]), [true]);
      const stored = only(await storage.schedules());
      assert.deepEqual(
        [stored.watermark, stored.nextAt, stored.lastJob],
        [nextAt, nextAt + 60_000, jobs[1]?.id],
      );
      assert.deepEqual(idsOf(await take(storage)), idsOf(jobs));
      assert.deepEqual((await storage.dueSchedules(10)).due, []);
    },
  },
  {
    name: 'fire: a step without jobs moves the schedule and keeps its last job',
    async run({ storage }) {
      await storage.putSchedules([scheduleOf({ firstIn: 0 })]);
      const { lastJob } = await fireNow(storage);
      const { nextAt } = only(await storage.schedules());
      const firing = {
        key: 'nightly',
        expected: nextAt,
        watermark: nextAt,
        nextAt: nextAt + 60_000,
        jobs: [],
      };
      assert.deepEqual(await storage.fire([firing]), [true]);
      const stored = only(await storage.schedules());
      assert.deepEqual([stored.watermark, stored.nextAt, stored.lastJob], [nextAt, nextAt + 60_000, lastJob]);
    },
  },
  {
    name: 'fire: refused for a schedule that was fired, moved or removed meanwhile, and none of its jobs is stored',
    async run({ storage }) {
      await storage.putSchedules([
        scheduleOf({ key: 'a', firstIn: 0 }),
        scheduleOf({ key: 'b', firstIn: 0 }),
      ]);
      await storage.putSchedules([scheduleOf({ key: 'c', firstIn: 0 })]);
      const { due } = await storage.dueSchedules(10);
      const firings = due
        .map(({ key, nextAt }) => firingOf(key, nextAt))
        .toSorted((x, y) => (x.key < y.key ? -1 : 1));
      await storage.fire(firings.slice(0, 1));
      await storage.putSchedules([
        scheduleOf({ key: 'b', timing: { kind: 'every', interval: 9 }, firstIn: 9_000 }),
      ]);
      await storage.removeSchedules(['c']);
      const again = firings.map((firing) => ({ ...firing, jobs: [jobOf()] }));
      const before = await storage.schedules();
      assert.deepEqual(await storage.fire(again), [false, false, false]);
      assert.deepEqual(await storage.schedules(), before);
      const refused = again.flatMap(({ jobs }) => idsOf(jobs));
      assert.deepEqual(await storage.info(refused), [undefined, undefined, undefined]);
    },
  },
  {
    name: 'fire: each step stands apart, in the order given',
    async run({ storage }) {
      await storage.putSchedules([
        scheduleOf({ key: 'a', firstIn: 0 }),
        scheduleOf({ key: 'b', firstIn: 0 }),
      ]);
      const { due } = await storage.dueSchedules(10);
      const at = (key: string) => due.find((schedule) => schedule.key === key)?.nextAt ?? 0;
      const firings = [
        firingOf('b', at('b')),
        firingOf('none', 1),
        firingOf('a', at('a') - 1),
        firingOf('a', at('a')),
      ];
      assert.deepEqual(await storage.fire(firings), [true, false, false, true]);
      const made = [firings[0], firings[3]].flatMap((firing) => idsOf(firing?.jobs ?? []));
      assert.deepEqual(idsOf(await take(storage)).toSorted(), made.toSorted());
      assert.deepEqual(await storage.fire([]), []);
    },
  },
  {
    name: 'fire: the watermark never goes back',
    async run({ storage }) {
      await storage.putSchedules([scheduleOf({ firstIn: 0 })]);
      const { watermark = 0 } = await fireNow(storage);
      const { nextAt } = only(await storage.schedules());
      const back = {
        key: 'nightly',
        expected: nextAt,
        watermark: watermark - 5_000,
        nextAt: nextAt + 1,
        jobs: [],
      };
      assert.deepEqual(await storage.fire([back]), [true]);
      assert.equal(only(await storage.schedules()).watermark, watermark);
    },
  },
  {
    name: 'fire: a job whose id is known or whose key is held is not stored twice, and the step still counts',
    async run({ storage }) {
      const unique = { key: 'k', while: 'live' } as const;
      const [holder, known] = [jobOf({ unique }), jobOf()];
      await storage.push([holder, known]);
      await storage.putSchedules([scheduleOf({ firstIn: 0 })]);
      const { nextAt } = only((await storage.dueSchedules(10)).due);
      const jobs = [jobOf({ unique }), known];
      assert.deepEqual(await storage.fire([{ ...firingOf('nightly', nextAt), jobs }]), [true]);
      assert.deepEqual(idsOf(await take(storage)), idsOf([holder, known]));
    },
  },
  {
    name: 'fire: of rivals that fire the same tick one succeeds, and one job is made',
    async run(context) {
      const rivals = await context.rivals(4);
      await context.storage.putSchedules([scheduleOf({ firstIn: 0 })]);
      for (let round = 0; round < 30; round++) {
        const { nextAt } = only(await context.storage.schedules());
        const firings = rivals.map(() => firingOf('nightly', nextAt));
        const fired = await Promise.all(rivals.map((rival, nth) => rival.fire(firings.slice(nth, nth + 1))));
        assert.equal(fired.flat().filter(Boolean).length, 1, `round ${round}`);
        const winner = fired.findIndex(([success]) => success);
        const stored = await context.storage.info(firings.flatMap(({ jobs }) => idsOf(jobs)));
        assert.deepEqual(
          stored.map(Boolean),
          rivals.map((_, nth) => nth === winner),
          `round ${round}`,
        );
        const { lastJob } = only(await context.storage.schedules());
        assert.equal(lastJob, firings[winner]?.jobs[0]?.id);
      }
    },
  },
  {
    name: 'schedules: rivals that declare the same key make one, with one next tick',
    async run(context) {
      const rivals = await context.rivals(4);
      for (let round = 0; round < 30; round++) {
        const key = `of round ${round}`;
        await Promise.all(rivals.map((rival) => rival.putSchedules([scheduleOf({ key })])));
        const { nextAt } = only(
          (await context.storage.schedules()).filter((schedule) => schedule.key === key),
        );
        await Promise.all(rivals.map((rival) => rival.putSchedules([scheduleOf({ key, firstIn: 5 })])));
        const again = only((await context.storage.schedules()).filter((schedule) => schedule.key === key));
        assert.equal(again.nextAt, nextAt);
      }
    },
  },
  {
    name: 'schedules: what a storage cannot honour in a template is refused when it is declared',
    lacks: 'groups',
    async run({ storage }) {
      const template = { ...scheduleOf().template, group: 'g' };
      await assert.rejects(storage.putSchedules([scheduleOf({ template })]), { code: 'UNSUPPORTED' });
      assert.deepEqual(await storage.schedules(), []);
    },
  },
];

function firingOf(key: string, expected: number): Firing {
  return { key, expected, watermark: expected, nextAt: expected + 60_000, jobs: [jobOf()] };
}

/** Fires the one schedule that is due; returns it as it then stands. */
async function fireNow(storage: Storage) {
  const { key, nextAt } = only((await storage.dueSchedules(10)).due);
  const firing = firingOf(key, nextAt);
  assert.deepEqual(await storage.fire([firing]), [true]);
  await recordOf(storage, firing.jobs[0]?.id ?? '');
  return only((await storage.schedules()).filter((schedule) => schedule.key === key));
}
