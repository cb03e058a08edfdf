import assert from 'node:assert/strict';
import { HELD_AT, HELD_FOR, isHeld } from '../../../core/held-schedule.js';
import type { ContractCase } from '../contract-case.js';
import { firingOf, jobOf, scheduleOf } from '../job-factories.js';
import { fireNow, idsOf, only, take } from '../looking.js';

export const fireCases: readonly ContractCase[] = [
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
    name: 'fire: a step may lead out of all reach, where the same timing leaves it, and back',
    async run({ storage }) {
      await storage.putSchedules([scheduleOf({ firstIn: 0 }), scheduleOf({ key: 'other' })]);
      const { nextAt: expected } = only((await storage.dueSchedules(10)).due);
      const away = { key: 'nightly', expected, watermark: 0, nextAt: HELD_AT, jobs: [] };
      assert.deepEqual(await storage.fire([away]), [true]);
      await storage.putSchedules([scheduleOf({ firstIn: 0, overlap: 'skip' })]);
      assert.deepEqual((await storage.dueSchedules(10)).due, []);
      const [held] = await storage.schedules(['nightly']);
      assert.deepEqual([held?.nextAt, held?.watermark, held?.overlap], [HELD_AT, 0, 'skip']);
      const timing = { kind: 'every', interval: 5_000 } as const;
      await storage.putSchedules([scheduleOf({ timing, firstIn: HELD_FOR })]);
      const { nextAt: still = 0 } = (await storage.schedules(['nightly']))[0] ?? {};
      assert.ok(isHeld(still), `${still}`);
      const back = { key: 'nightly', expected: still, watermark: 0, nextAt: expected, jobs: [] };
      assert.deepEqual(await storage.fire([back]), [true]);
      assert.equal(only((await storage.dueSchedules(10)).due).nextAt, expected);
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
];
