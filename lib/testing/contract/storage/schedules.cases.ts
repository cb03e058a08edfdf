import assert from 'node:assert/strict';
import type { Timing } from '../../../core/schedule.js';
import type { ContractCase } from '../contract-case.js';
import { firingOf, keeping, scheduleOf } from '../job-factories.js';
import { assertBetween, fieldsOf, fireNow, only } from '../looking.js';

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
