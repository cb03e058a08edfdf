import { expect, it } from 'vitest';
import { QueueHandle } from '../../../lib/client/queue-handle.js';
import { sleep } from '../../../lib/core/clock.js';
import { defineJob, type JobClass } from '../../../lib/core/job-definition.js';
import { Runner } from '../../../lib/runtime/runner.js';
import { middle, Stage } from './stage.js';

class Tick {
  constructor(readonly key: string) {}
}
const definition = defineJob(Tick as JobClass, { name: 'tick' });

const KEYS = Array.from({ length: 20 }, (_, index) => `schedule-${index}`);
const PROCESSES = 5;
const SECONDS = 120;

it('makes one job per tick of twenty schedules, whichever of five processes come and go for two minutes', async () => {
  const made = new Map(KEYS.map((key) => [key, [] as number[]]));
  const stage = await Stage.set(() => {}, { isStarted: false });
  const { clock, storage } = stage;
  const jobs = new QueueHandle(storage, { clock });
  // So slow to answer that several see the same tick before one of them takes it.
  storage.trouble.after = (method) => (method === 'dueSchedules' ? sleep(clock, 30) : undefined);

  async function begin(): Promise<Runner> {
    for (const [index, key] of KEYS.entries()) {
      const options = { key, missed: 'all', jitter: index % 3 === 0 ? '3s' : 0 } as const;
      if (index % 2 === 0) await jobs.cron('*/5 * * * * *', new Tick(key), options);
      else await jobs.every(1_000 + index * 100, new Tick(key), options);
    }
    const run = (job: object, { scheduledFor }: { readonly scheduledFor: Date }) =>
      void made.get((job as Tick).key)?.push(scheduledFor.getTime());
    const handlers = [{ definition, run }];
    const runner = new Runner({ storage, clock, chance: middle, queues: { default: 20 }, handlers });
    await runner.start();
    return runner;
  }

  const runners = await Promise.all(Array.from({ length: PROCESSES }, begin));
  const start = clock.now();
  let seed = 7;
  while (clock.now() < start + SECONDS * 1000) {
    seed = (seed * 48271) % 2147483647;
    await clock.advance(seed % 3_000);
    // Sometimes all of them are away, and the clock is changed behind their backs.
    const leaving = seed % 5 === 0 ? runners : [runners[seed % PROCESSES]];
    for (const runner of leaving) {
      const stopped = runner?.stop({ now: true });
      await clock.advance(1);
      await stopped;
    }
    if (seed % 5 === 0) clock.set(clock.now() + 7_000);
    for (const runner of leaving) if (runner) runners[runners.indexOf(runner)] = await begin();
  }
  await stage.pass(10);
  const stored = await storage.schedules();
  for (const { key, timing, watermark = 0 } of stored) {
    const ticks = made.get(key)?.toSorted((a, b) => a - b) ?? [];
    const [first = 0] = ticks;
    const step = timing.kind === 'every' ? timing.interval : 5_000;
    const length = (watermark - first) / step + 1;
    expect(ticks, key).toEqual(Array.from({ length }, (_, index) => first + index * step));
    expect(length).toBeGreaterThan(20);
  }
  const stopping = Promise.all(runners.map((runner) => runner.stop({ now: true })));
  await stage.pass(100);
  await stopping;
}, 60_000);
