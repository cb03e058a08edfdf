import { Controller, Get, Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import type { AddressInfo } from 'node:net';
import {
  BackgroundJobsModule,
  Job,
  JobHealthIndicator,
  JobInspector,
  MemoryStorage,
  QueueHandle,
  type JobContext,
} from 'nestjs-background-jobs';
import { FaultyStorage } from 'nestjs-background-jobs/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { boot } from './application.js';

@Job({ name: 'errand' })
class Errand {
  run(): void {}
}

@Job({ name: 'long' })
class Long {
  async run({ signal }: JobContext): Promise<void> {
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  }
}

async function start(options: Parameters<typeof BackgroundJobsModule.forRoot>[0] = {}) {
  const storage = new FaultyStorage(new MemoryStorage());
  const imports = [BackgroundJobsModule.forRoot({ storage, ...options })];
  const { app } = await boot({ imports, providers: [Errand, Long] });
  return {
    app,
    storage,
    health: app.get(JobHealthIndicator),
    queue: app.get(QueueHandle),
    inspector: app.get(JobInspector),
  };
}

describe('JobHealthIndicator', () => {
  it('is up, and says by what', async () => {
    const { health } = await start();
    await expect
      .poll(() => health.isHealthy('jobs'))
      .toEqual({
        jobs: {
          status: 'up',
          stage: 'up',
          loopDelay: expect.any(Number),
          storageLatency: expect.any(Number),
          runners: 1,
        },
      });
    expect(await health.isReady('jobs')).toEqual({
      jobs: { status: 'up', stage: 'up', storageLatency: expect.any(Number) },
    });
    expect(await health.isAlive('jobs')).toEqual({
      jobs: { status: 'up', stage: 'up', loopDelay: expect.any(Number) },
    });
  });

  it('is not ready while the storage refuses or does not answer in time, but alive', async () => {
    const { health, storage } = await start({ workers: false });
    storage.break('refused');
    const refused = await health.isReady('jobs');
    expect(refused.jobs).toMatchObject({ status: 'down', message: expect.stringContaining('told to break') });
    expect(refused.jobs).not.toHaveProperty('storageLatency');
    storage.break('hanging');
    const { jobs } = await health.isHealthy('jobs', { timeout: 20 });
    expect(jobs).toMatchObject({
      status: 'down',
      message: expect.stringMatching(/did not answer the health check within 20 ms/),
    });
    expect(await health.isAlive('jobs')).toMatchObject({ jobs: { status: 'up' } });
    storage.heal();
    expect(await health.isReady('jobs')).toMatchObject({ jobs: { status: 'up' } });
  });

  it('is not ready while the application starts, nor from the moment it drains, but alive', async () => {
    const seen: string[] = [];
    @Injectable()
    class Early {
      constructor(private readonly health: JobHealthIndicator) {}
      async onModuleInit(): Promise<void> {
        const { jobs } = await this.health.isReady('jobs');
        seen.push(`${jobs.status}: ${jobs.message}`);
      }
    }
    const storage = new MemoryStorage();
    const shutdown = { grace: 200, abortGrace: 200 };
    const imports = [BackgroundJobsModule.forRoot({ storage, shutdown })];
    const { app } = await boot({ imports, providers: [Early, Long] });
    expect(seen).toEqual(['down: the application is starting']);
    const health = app.get(JobHealthIndicator);
    const { id } = await app.get(QueueHandle).queue(new Long());
    await expect.poll(() => app.get(QueueHandle).info(id)).toMatchObject({ state: 'running' });
    const closing = app.close();
    await expect.poll(() => health.isReady('jobs')).toMatchObject({ jobs: { stage: 'draining' } });
    expect(await health.isReady('jobs')).toMatchObject({
      jobs: { status: 'down', message: 'the application is draining' },
    });
    expect(await health.isAlive('jobs')).toMatchObject({ jobs: { status: 'up' } });
    await closing;
    expect(await health.isReady('jobs')).toMatchObject({ jobs: { status: 'down' } });
  });

  it('is ready, and drains, in a process without workers too', async () => {
    const { app, health } = await start({ workers: false });
    expect(await health.isReady('jobs')).toMatchObject({ jobs: { status: 'up', stage: 'up' } });
    await app.close();
    expect(await health.isReady('jobs')).toMatchObject({ jobs: { status: 'down', stage: 'draining' } });
  });

  it('is down when a job has been ready for too long, of the queues asked for and not paused', async () => {
    const { health, queue, inspector } = await start({ workers: false });
    await queue.queue(new Errand());
    await queue.queue(new Errand(), { queue: 'mail' });
    await expect
      .poll(() => health.isHealthy('jobs', { maxReadyAge: 5, queues: ['mail'] }))
      .toMatchObject({
        jobs: { status: 'down', message: expect.stringMatching(/^a job has been ready for \d+ ms$/) },
      });
    const { jobs } = await health.isHealthy('jobs', { queues: ['mail'] });
    expect(jobs.oldestReadyAge).toBeGreaterThan(5);
    expect(await health.isHealthy('jobs', { queues: ['other'] })).not.toHaveProperty('jobs.oldestReadyAge');
    expect(await health.isHealthy('jobs', { maxReadyAge: '1h' })).toMatchObject({ jobs: { status: 'up' } });
    await inspector.pauseQueue('mail', 'on purpose');
    const paused = await health.isHealthy('jobs', { maxReadyAge: 5, queues: ['mail'] });
    expect(paused.jobs.status).toBe('up');
    expect(paused.jobs).not.toHaveProperty('oldestReadyAge');
  });

  it('is down where fewer runners live than there have to be', async () => {
    const { health } = await start({ workers: false });
    expect(await health.isHealthy('jobs', { minRunners: 1 })).toMatchObject({
      jobs: { status: 'down', message: '0 live runners, of at least 1', runners: 0 },
    });
  });

  it('is down when the event loop is late', async () => {
    const { health } = await start({ workers: false });
    const asked = health.isAlive('jobs', { maxLoopDelay: 50 });
    const blockedUntil = performance.now() + 150;
    while (performance.now() < blockedUntil);
    const { jobs } = await asked;
    expect(jobs.message).toMatch(/^the event loop is \d+ ms late$/);
    expect(jobs.loopDelay).toBeGreaterThan(100);
    expect(await health.isAlive('jobs', { maxLoopDelay: '1s' })).toMatchObject({ jobs: { status: 'up' } });
  });

  it('refuses options that nobody reads', async () => {
    const { health } = await start({ workers: false });
    await expect(health.isHealthy('jobs', { maxReadyAges: 1 } as object)).rejects.toThrow(
      /Did you mean 'maxReadyAge'/,
    );
    await expect(health.isReady('jobs', { minRunners: 1 } as object)).rejects.toThrow(/unknown option/);
    await expect(health.isHealthy('jobs', { minRunners: -1 })).rejects.toThrow(/minRunners -1/);
  });
});

@Controller()
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly jobs: JobHealthIndicator,
  ) {}

  @Get('readyz')
  @HealthCheck()
  ready() {
    return this.health.check([() => this.jobs.isReady('jobs')]);
  }

  @Get('livez')
  @HealthCheck()
  live() {
    return this.health.check([() => this.jobs.isAlive('jobs', { maxLoopDelay: '5s' })]);
  }

  @Get('health')
  @HealthCheck()
  all() {
    return this.health.check([() => this.jobs.isHealthy('jobs', { maxReadyAge: '15m' })]);
  }
}

it('is an indicator that Terminus understands, up and down', async () => {
  const storage = new FaultyStorage(new MemoryStorage());
  @Module({
    imports: [TerminusModule.forRoot({ logger: false }), BackgroundJobsModule.forRoot({ storage })],
    controllers: [HealthController],
    providers: [Errand],
  })
  class AppModule {}
  const testing = await Test.createTestingModule({ imports: [AppModule] }).compile();
  const app = testing.createNestApplication({ logger: false });
  onTestFinished(() => app.close());
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}/${path}`);
    return { code: response.status, body: await response.json() };
  };
  expect(await get('health')).toMatchObject({
    code: 200,
    body: { status: 'ok', info: { jobs: { status: 'up', runners: 1 } }, error: {} },
  });
  expect(await get('readyz')).toMatchObject({ code: 200 });
  storage.break('refused');
  expect(await get('readyz')).toMatchObject({
    code: 503,
    body: { status: 'error', error: { jobs: { status: 'down' } } },
  });
  expect(await get('health')).toMatchObject({ code: 503 });
  expect(await get('livez')).toMatchObject({ code: 200 });
  storage.heal();
  expect(await get('readyz')).toMatchObject({ code: 200 });
});
