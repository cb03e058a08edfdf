import { Injectable } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AesGcmCodec,
  BackgroundJobsModule,
  getInstanceToken,
  Job,
  JobInspector,
  MemoryStorage,
  QueueHandle,
  Storage,
  type BackgroundJobsOptions,
  type BackgroundJobsOptionsFactory,
  type JobContext,
} from 'nestjs-background-jobs';
import { SqliteStorage } from 'nestjs-background-jobs/sqlite';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { STORAGES } from '../../support/storages.js';
import { boot, bootError } from './application.js';
import { ended } from './run-one.js';

@Job({ name: 'send', queue: 'mail' })
class Send {
  constructor(readonly to: string) {}

  run(context: JobContext): string {
    return `${this.to} ${context.maxAttempts}`;
  }
}

@Job({ name: 'report', queue: 'reports' })
class Report {
  run(): string {
    return 'reported';
  }
}

/** Jobs that run until the test lets them, and the most that ever ran at once. */
class Gate {
  running = 0;
  most = 0;
  readonly #open: (() => void)[] = [];

  enter(): Promise<void> {
    this.running += 1;
    this.most = Math.max(this.most, this.running);
    return new Promise<void>((resolve) => this.#open.push(resolve)).then(() => void (this.running -= 1));
  }

  open(): void {
    this.#open.splice(0).forEach((open) => open());
  }
}

@Job({ name: 'held', queue: 'mail', inject: [Gate] })
class Held {
  run(gate: Gate): Promise<void> {
    return gate.enter();
  }
}

describe('a configuration of @nestjs/config', () => {
  const env = (values: Readonly<Record<string, string>>) => {
    for (const [name, value] of Object.entries(values)) vi.stubEnv(name, value);
    onTestFinished(() => void vi.unstubAllEnvs());
    return ConfigModule.forRoot({ ignoreEnvFile: true, cache: false });
  };

  it('says everything there is to say, through a factory that injects it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'configured-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const config = env({
      JOBS_FILE: join(folder, 'jobs.db'),
      JOBS_KEY: randomBytes(32).toString('base64'),
      JOBS_MAIL_CONCURRENCY: '3',
      JOBS_MAIL_RATE: '20/s',
      JOBS_RETRIES: '8',
      JOBS_SEND_RETRIES: '2',
    });
    const { app, log } = await boot({
      imports: [
        BackgroundJobsModule.forRootAsync({
          imports: [config],
          inject: [ConfigService],
          useFactory: (settings: ConfigService): BackgroundJobsOptions => ({
            storage: new SqliteStorage({ path: settings.getOrThrow<string>('JOBS_FILE') }),
            codec: new AesGcmCodec({ keys: { current: settings.getOrThrow<string>('JOBS_KEY') } }),
            workers: { mail: Number(settings.get('JOBS_MAIL_CONCURRENCY')) },
            queues: { mail: { rate: settings.get('JOBS_MAIL_RATE') } },
            defaults: { maxRetries: Number(settings.get('JOBS_RETRIES')) },
            jobs: [{ job: Send, maxRetries: Number(settings.get('JOBS_SEND_RETRIES')) }],
            lease: settings.get('JOBS_LEASE'),
            shutdown: { grace: settings.get('JOBS_GRACE') },
          }),
        }),
      ],
      providers: [Send],
    });
    expect(app.get(Storage)).toBeInstanceOf(SqliteStorage);
    expect(log.lines.join('\n')).toContain('Working on mail (3)');
    expect((await app.get(JobInspector).queues())[0]?.limits).toMatchObject({ rate: { count: 20 } });
    const jobs = app.get(QueueHandle);
    const { id } = await jobs.queue(new Send('ada'));
    expect(await ended(jobs, id)).toMatchObject({ result: 'ada 3' });
    const [record] = await app.get(Storage).info([id]);
    expect(record?.payload).not.toContain('ada');
  });

  it('reaches a class that makes the options, and one that is a provider elsewhere', async () => {
    @Injectable()
    class JobsConfig implements BackgroundJobsOptionsFactory {
      constructor(private readonly config: ConfigService) {}

      create(): BackgroundJobsOptions {
        return { workers: { mail: Number(this.config.get('JOBS_MAIL_CONCURRENCY')) } };
      }
    }
    const config = env({ JOBS_MAIL_CONCURRENCY: '4' });
    class ConfigHost {}
    const host = { module: ConfigHost, imports: [config], providers: [JobsConfig], exports: [JobsConfig] };
    for (const how of [
      { imports: [config], useClass: JobsConfig },
      { imports: [host], useExisting: JobsConfig },
    ]) {
      const { log } = await boot({ imports: [BackgroundJobsModule.forRootAsync(how)], providers: [Send] });
      expect(log.lines.join('\n')).toContain('Working on mail (4)');
    }
  });

  it('is told that text is no number', async () => {
    const config = env({ JOBS_MAIL_CONCURRENCY: '4' });
    const error = await bootError({
      imports: [
        BackgroundJobsModule.forRootAsync({
          imports: [config],
          inject: [ConfigService],
          useFactory: (settings: ConfigService) => ({
            workers: { mail: settings.getOrThrow<number>('JOBS_MAIL_CONCURRENCY') },
          }),
        }),
      ],
    });
    expect(error.message).toContain('workers.mail: "4" is not a whole number');
  });
});

describe.each(STORAGES.filter(({ name }) => name !== 'memory').map((row) => ({ row, name: row.name })))(
  'two processes on $name',
  ({ row }) => {
    async function place() {
      const subject = await row.create();
      onTestFinished(() => subject.dispose());
      return (options: BackgroundJobsOptions, gate = new Gate()) =>
        boot({
          imports: [BackgroundJobsModule.forRoot({ storage: subject.create(), ...options })],
          providers: [Send, Report, Held, { provide: Gate, useValue: gate }],
        });
    }

    it('have the roles that their configuration gives them: to enqueue, and to work on queues of their own', async () => {
      const start = await place();
      const roleOf = (workers: string): BackgroundJobsOptions => ({
        workers:
          workers === 'none' ? false : Object.fromEntries(workers.split(',').map((queue) => [queue, 1])),
      });
      const { app: web } = await start(roleOf('none'));
      const jobs = web.get(QueueHandle);
      const sent = await jobs.queue(new Send('ada'));
      const reported = await jobs.queue(new Report());
      await start(roleOf('mail'));
      expect((await ended(jobs, sent.id)).state).toBe('completed');
      expect((await jobs.info(reported.id))?.state).toBe('ready');
      await start(roleOf('reports,other'));
      expect((await ended(jobs, reported.id)).state).toBe('completed');
    });

    it('obey a concurrency that one of them is told, at once and after a restart, until it is taken away', async () => {
      const start = await place();
      const { app: operator } = await start({ workers: false });
      const [inspector, jobs] = [operator.get(JobInspector), operator.get(QueueHandle)];
      await inspector.limitQueue('mail', { concurrency: 2 });
      const gate = new Gate();
      const first = await start({ workers: { mail: 5 } }, gate);
      await start({ workers: { mail: 5 } }, gate);
      await jobs.queueAll(Array.from({ length: 8 }, () => new Held()));
      await expect.poll(() => gate.running).toBe(2);
      const closing = first.app.close();
      gate.open();
      await closing;
      await start({ workers: { mail: 5 } }, gate);
      await expect.poll(() => gate.running).toBe(2);
      expect(gate.most).toBe(2);
      await inspector.limitQueue('mail', { concurrency: 4 });
      await expect.poll(() => gate.running).toBe(4);
      expect(gate.most).toBe(4);
      await inspector.limitQueue('mail', {});
      await expect
        .poll(async () => {
          gate.open();
          const { completed = 0 } = (await jobs.stats()).find(({ queue }) => queue === 'mail') ?? {};
          return completed;
        })
        .toBe(8);
    });

    it('obey a pause that one of them is told, at once and after a restart, until it is ended', async () => {
      const start = await place();
      const { app: operator } = await start({ workers: false });
      const [inspector, jobs] = [operator.get(JobInspector), operator.get(QueueHandle)];
      const first = await start({ workers: { mail: 5, reports: 5 } });
      await inspector.pauseQueue('mail', 'provider down');
      const { id } = await jobs.queue(new Send('ada'));
      const marker = await jobs.queue(new Report());
      expect((await ended(jobs, marker.id)).state).toBe('completed');
      expect((await jobs.info(id))?.state).toBe('ready');
      await first.app.close();
      const second = await start({ workers: { mail: 5, reports: 5 } });
      const again = await jobs.queue(new Report());
      expect((await ended(jobs, again.id)).state).toBe('completed');
      expect((await jobs.info(id))?.state).toBe('ready');
      await second.app.get(JobInspector).resumeQueue('mail');
      expect((await ended(jobs, id)).state).toBe('completed');
    });
  },
);

it('of two applications in one process, one with two instances, the end of either leaves the other untouched', async () => {
  const storages = Array.from({ length: 3 }, () => new MemoryStorage());
  const two = () =>
    boot({
      imports: [
        BackgroundJobsModule.forRoot({ storage: storages[0] }),
        BackgroundJobsModule.forRoot({ name: 'second', storage: storages[1] }),
      ],
      providers: [Send],
    });
  const one = () =>
    boot({ imports: [BackgroundJobsModule.forRoot({ storage: storages[2] })], providers: [Send] });
  const handles = ({ app }: Awaited<ReturnType<typeof two>>) => [
    app.get(QueueHandle),
    app.get<QueueHandle>(getInstanceToken('second', QueueHandle)),
  ];
  const [first, second] = [await two(), await one()];
  const all = [...handles(first), second.app.get(QueueHandle)];
  for (const jobs of all) expect(await jobs.queueAndWait(new Send('ada'))).toBe('ada 6');
  await second.app.close();
  for (const jobs of handles(first)) expect(await jobs.queueAndWait(new Send('bob'))).toBe('bob 6');
  await expect(all[2]?.queue(new Send('nobody'))).rejects.toMatchObject({ code: 'STORAGE_CLOSED' });
  const third = await one();
  await first.app.close();
  expect(await third.app.get(QueueHandle).queueAndWait(new Send('eve'))).toBe('eve 6');
});
