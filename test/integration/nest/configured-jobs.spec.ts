import {
  Backoff,
  BackgroundJobsModule,
  getInstanceToken,
  Job,
  JobHandler,
  JobInspector,
  MemoryStorage,
  QueueHandle,
  Storage,
  type BackgroundJobsOptions,
  type ConfiguredJob,
} from 'nestjs-background-jobs';
import { decodePolicy } from '../../../lib/core/policy.js';
import { describe, expect, it } from 'vitest';
import { boot, bootError } from './application.js';
import { ended } from './run-one.js';

const KEEP = { completed: '2h', dead: '3d' } as const;

@Job({ name: 'resize', queue: 'images', maxRetries: 1, priority: 5, keep: KEEP, unique: { key: 'only one' } })
class Resize {
  constructor(readonly width: number) {}

  run(): number {
    return this.width;
  }
}

@Job({ name: 'flaky', maxRetries: 3, backoff: Backoff.linear(3600) })
class Flaky {
  run(): never {
    throw new Error('again');
  }
}

@Job({ name: 'nightly', every: '1h' })
class Nightly {}

@JobHandler(Nightly)
class NightlyHandler {
  run(): void {}
}

class NoJob {}

function start(jobs: readonly ConfiguredJob[], options: BackgroundJobsOptions = {}) {
  return boot({
    imports: [BackgroundJobsModule.forRoot({ jobs, ...options })],
    providers: [Resize, Flaky, Nightly, NightlyHandler],
  });
}

/** What is stored of a job that is queued with these options of its class. */
async function stored(configured: Omit<ConfiguredJob, 'job'>, queue = {}) {
  const { app } = await start([{ job: Resize, ...configured }], { workers: false });
  const { id } = await app.get(QueueHandle).queue(new Resize(800), queue);
  const [record] = await app.get(Storage).info([id]);
  return { ...record, policy: decodePolicy(record?.policy ?? '') };
}

describe('the option jobs', () => {
  it('wins over @Job, leaves what it does not say, and yields to the call', async () => {
    const hour = 3_600_000;
    expect(await stored({ maxRetries: 9, queue: 'slow', priority: undefined })).toMatchObject({
      queue: 'slow',
      priority: 5,
      policy: { maxRetries: 9, keep: { completed: 2 * hour, dead: 72 * hour } },
    });
    expect(await stored({ queue: 'slow', priority: 1 }, { queue: 'now' })).toMatchObject({
      queue: 'now',
      priority: 1,
      policy: { maxRetries: 1 },
    });
    expect((await stored({ keep: { dead: '1d' } })).policy.keep).toMatchObject({
      completed: 2 * hour,
      dead: 24 * hour,
    });
  });

  it('asks its functions about the job', async () => {
    expect(
      await stored({ priority: (job: Resize) => job.width, timeout: (job: Resize) => job.width }),
    ).toMatchObject({ priority: 800, policy: { timeout: 800 } });
  });

  it('has one answer to what is the same: a throttle in the place of a key', async () => {
    const { app } = await start([{ job: Resize, throttle: { key: 'pace', every: '1h' } }], {
      workers: false,
    });
    const jobs = app.get(QueueHandle);
    const { id } = await jobs.queue(new Resize(1));
    expect(await jobs.queue(new Resize(2))).toEqual({ id, duplicate: true });
    const [record] = await app.get(Storage).info([id]);
    expect(record?.uniqueKey).toContain('pace');
  });

  it('has workers serve the queue that it names, and retry as it says', async () => {
    const { app } = await start([
      { job: Resize, queue: 'slow' },
      { job: Flaky, backoff: Backoff.custom((attempt) => attempt * 10), maxRetries: 2 },
    ]);
    const jobs = app.get(QueueHandle);
    expect(await jobs.queueAndWait(new Resize(640))).toBe(640);
    const { id } = await jobs.queue(new Flaky());
    expect(await ended(jobs, id)).toMatchObject({ state: 'dead', attempts: 3 });
  });

  it('holds for jobs of schedules, and for jobs with a handler', async () => {
    const { app } = await start([{ job: Nightly, queue: 'night', priority: 7 }], { workers: { default: 1 } });
    const id = (await app.get(JobInspector).schedules.trigger('nightly')) ?? '';
    expect(await app.get(QueueHandle).info(id)).toMatchObject({
      queue: 'night',
      priority: 7,
      state: 'ready',
    });
  });

  it('is for one instance of the module, and for one application', async () => {
    const { app } = await boot({
      imports: [
        BackgroundJobsModule.forRoot({ jobs: [{ job: Resize, queue: 'slow' }], workers: false }),
        BackgroundJobsModule.forRoot({ name: 'other', storage: new MemoryStorage(), workers: false }),
      ],
      providers: [Resize],
    });
    const other = app.get<QueueHandle>(getInstanceToken('other', QueueHandle));
    for (const [jobs, queue] of [
      [app.get(QueueHandle), 'slow'],
      [other, 'images'],
    ] as const) {
      const { id } = await jobs.queue(new Resize(1));
      expect((await jobs.info(id))?.queue).toBe(queue);
    }
  });

  it.each<[string, unknown, string, RegExp]>([
    ['what is no list', {}, 'INVALID_OPTION', /jobs: must be a list/],
    ['a class that is no job', [{ job: NoJob, maxRetries: 1 }], 'INVALID_JOB', /jobs\[0\]: NoJob is no job/],
    ['a name', [{ job: 'resize' }], 'INVALID_JOB', /jobs\[0\]: resize is no job/],
    [
      'a misspelt option',
      [{ job: Resize, maxRetrys: 1 }],
      'INVALID_OPTION',
      /'resize'.*Did you mean 'maxRetries'/,
    ],
    [
      'an impossible value',
      [{ job: Resize, maxRetries: -1 }],
      'INVALID_OPTION',
      /jobs\[0\], 'resize': maxRetries/,
    ],
    ['a class twice', [{ job: Resize }, { job: Resize }], 'INVALID_OPTION', /jobs\[1\], 'resize'.*twice/],
  ])('refuses %s', async (_what, jobs, code, message) => {
    const imports = [BackgroundJobsModule.forRoot({ jobs: jobs as readonly ConfiguredJob[] })];
    const error = await bootError({ imports, providers: [Resize] });
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  });
});
