import assert from 'node:assert/strict';
import type { ContractCase } from '../contract-case.js';
import { beatOf, completionOf, jobOf, LEASE, requestOf, runnerOf, scheduleOf } from '../job-factories.js';
import { idsOf, only, recordOf, start, statsOf, take } from '../looking.js';

export const textsCases: readonly ContractCase[] = [
  {
    name: 'texts: payload, policy, meta, result and progress come back letter by letter, whatever they hold',
    async run({ storage }) {
      for (const text of TEXTS) {
        const leased = await start(storage, { payload: text, policy: text, meta: text });
        assert.ok(
          leased.payload === text && leased.policy === text && leased.meta === text,
          text.slice(0, 40),
        );
        const lease = { id: leased.id, token: leased.token };
        await storage.progress([{ lease, progress: text }]);
        await storage.complete([
          { lease, settlement: { state: 'completed', attempt: 0, stalls: 0, result: text, keep: 60_000 } },
        ]);
        const { payload, policy, meta, progress, result } = await recordOf(storage, leased.id);
        assert.ok(
          [payload, policy, meta, progress, result].every((kept) => kept === text),
          text.slice(0, 40),
        );
      }
    },
  },
  {
    name: 'texts: an empty one is kept, and not taken for none',
    async run({ storage }) {
      const leased = await start(storage, { payload: '', meta: '' });
      assert.deepEqual([leased.payload, leased.meta], ['', '']);
      await storage.progress([{ lease: { id: leased.id, token: leased.token }, progress: '' }]);
      const settlement = { state: 'completed', attempt: 0, stalls: 0, result: '', keep: 60_000 } as const;
      await storage.complete([completionOf(leased, settlement)]);
      const { progress, result, meta } = await recordOf(storage, leased.id);
      assert.deepEqual([progress, result, meta], ['', '', '']);
    },
  },
  {
    name: 'names: of jobs, queues, keys and runners are data, whatever they hold',
    async run({ storage }) {
      for (const name of NAMES) {
        const unique = { key: name, while: 'live' } as const;
        const job = jobOf({ name, queue: name, unique });
        await storage.push([job]);
        assert.equal(only(await storage.push([jobOf({ unique })])).id, job.id);
        assert.deepEqual(idsOf((await storage.list({ name, queue: name, uniqueKey: name, limit: 9 })).jobs), [
          job.id,
        ]);
        await storage.pause(name, name);
        assert.equal((await statsOf(storage, name)).paused?.reason, name);
        await storage.resume(name);
        const queues = [{ queue: name, limit: 9 }];
        const leased = only(
          await take(storage, requestOf({ runner: name, names: [name, ...NAMES], queues })),
        );
        assert.deepEqual([leased.name, leased.queue], [name, name]);
        assert.deepEqual(await storage.cancel([job.id], name), ['requested']);
        const { cancelled } = await storage.heartbeat(beatOf([leased], LEASE, name));
        assert.deepEqual(cancelled[0]?.reason, name);
        const { runner, cancelReason } = await recordOf(storage, job.id);
        assert.deepEqual([runner, cancelReason], [name, name]);
      }
      const runners = (await storage.runners()).map(({ id }) => id);
      assert.deepEqual(runners.toSorted(), NAMES.toSorted());
      const queues = (await storage.stats()).map(({ queue }) => queue);
      assert.deepEqual(queues.toSorted(), NAMES.toSorted());
    },
  },
  {
    name: 'names: those that differ only in case, accents or spaces are different',
    async run({ storage }) {
      const alike = ['mail', 'Mail', 'MAIL', ' mail', 'mail ', 'máil', 'ma\u0301il', 'mаil'];
      await storage.push(
        alike.map((queue) => jobOf({ queue, name: queue, unique: { key: queue, while: 'live' } })),
      );
      for (const queue of alike) {
        const request = requestOf({ names: [queue], queues: [{ queue, limit: 9 }] });
        assert.equal(only(await take(storage, request)).queue, queue);
      }
      assert.equal((await storage.stats()).length, alike.length);
    },
  },
  {
    name: 'names: of schedules and of what runners tell of themselves, too',
    async run({ storage }) {
      await storage.putSchedules(NAMES.map((key) => scheduleOf({ key, firstIn: 0 })));
      assert.deepEqual((await storage.schedules()).map(({ key }) => key).toSorted(), NAMES.toSorted());
      const { due } = await storage.dueSchedules(100);
      const firings = due.map(({ key, nextAt }) => ({
        key,
        expected: nextAt,
        watermark: nextAt,
        nextAt: nextAt + 9,
        jobs: [],
      }));
      assert.deepEqual(
        await storage.fire(firings),
        NAMES.map(() => true),
      );
      assert.deepEqual(
        await storage.removeSchedules(NAMES),
        NAMES.map(() => true),
      );
      const queues = Object.fromEntries(NAMES.map((name, nth) => [name, nth + 1]));
      const runner = { ...runnerOf(), host: NAMES.join(), names: NAMES, queues };
      await storage.heartbeat({ runner, lease: LEASE, leases: [] });
      const { host, names, queues: told } = only(await storage.runners());
      assert.deepEqual({ host, names, queues: told }, { host: runner.host, names: NAMES, queues });
    },
  },
];

const TEXTS: readonly string[] = [
  '{"emoji":"👩‍👩‍👧‍👦 🎉","rtl":"שלום","accents":"e\u0301 é"}',
  String.raw`{"nul":"\u0000","control":"\u0001\u001f","slash":"\\","quote":"\""}`,
  '{"id":12345678901234567,"small":1e-7,"negative":-0,"big":1e400}',
  '{"separators":"\u2028\u2029\ufeff\u200b"}',
  ' {\n\t"spaces" : [ 1 , 2 ] , "twice":1,"twice":2 } ',
  "it's; DROP TABLE jobs; -- ${x} %s %n ? :a $1 {} \\' \\\"",
  'not json at all',
  JSON.stringify({ filler: 'ü'.repeat(128 * 1024 - 10) }),
];

const NAMES: readonly string[] = [
  `it's "quoted" \`so\``,
  'a:b:c',
  '{tag}',
  '100%_done?*',
  '-- ; DROP TABLE jobs',
  '$1 :name @x ?1',
  '../..\\..',
  '🎉 mañana 日本',
  '__proto__',
  'constructor',
  '<b>&amp;</b>',
  '0',
  'null',
  'x'.repeat(255),
];
