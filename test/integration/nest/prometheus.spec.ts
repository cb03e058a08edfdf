import { Controller, Get, Header, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { AddressInfo } from 'node:net';
import {
  BackgroundJobsModule,
  Job,
  JobInspector,
  JobMetrics,
  MemoryStorage,
  NonRetryableError,
  QueueHandle,
  type JobContext,
  type PrometheusOptions,
} from 'nestjs-background-jobs';
import { FaultyStorage } from 'nestjs-background-jobs/testing';
import { Counter, register, Registry } from 'prom-client';
import { expect, it, onTestFinished } from 'vitest';
import { bootError } from './application.js';

@Job({ name: 'charge', queue: 'money' })
class Charge {
  constructor(readonly end: 'return' | 'throw' | 'give up' | 'snooze' = 'return') {}

  run(context: JobContext): unknown {
    if (this.end === 'throw') throw new Error('declined');
    if (this.end === 'give up') throw new NonRetryableError('no such account');
    return this.end === 'snooze' ? context.snooze('1h') : 'receipt';
  }
}

@Job({ name: 'idle', queue: 'nobody' })
class Idle {
  run(): void {}
}

@Controller()
class MetricsController {
  constructor(private readonly metrics: JobMetrics) {}

  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  scrape(): Promise<string> {
    return this.metrics.text();
  }
}

async function start(prometheus: boolean | PrometheusOptions = { registry: new Registry() }) {
  const calls: string[] = [];
  class CountedStorage extends FaultyStorage {
    protected override intercept<T>(...args: Parameters<FaultyStorage['intercept']>): Promise<T> {
      calls.push(args[0]);
      return super.intercept(...args) as Promise<T>;
    }
  }
  const storage = new CountedStorage(new MemoryStorage());
  @Module({
    imports: [BackgroundJobsModule.forRoot({ storage, workers: { money: 4 }, prometheus })],
    controllers: [MetricsController],
    providers: [Charge, Idle],
  })
  class AppModule {}
  const testing = await Test.createTestingModule({ imports: [AppModule] }).compile();
  const app = testing.createNestApplication({ logger: false });
  onTestFinished(() => app.close());
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  const scrape = async () => {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain('text/plain');
    return (await response.text()).split('\n');
  };
  return {
    app,
    storage,
    calls,
    scrape,
    queue: app.get(QueueHandle),
    inspector: app.get(JobInspector),
  };
}

it('counts what this process queued and ran, by queue, name and outcome, over HTTP in the text format', async () => {
  const { queue, scrape } = await start();
  await queue.queueAll([
    new Charge(),
    new Charge(),
    new Charge('throw'),
    new Charge('give up'),
    new Charge('snooze'),
  ]);
  const charge = 'queue="money",name="charge"';
  await expect
    .poll(scrape)
    .toEqual(
      expect.arrayContaining([
        '# TYPE jobs_enqueued_total counter',
        `jobs_enqueued_total{${charge}} 5`,
        `jobs_processed_total{${charge},outcome="completed"} 2`,
        `jobs_processed_total{${charge},outcome="retrying"} 1`,
        `jobs_processed_total{${charge},outcome="dead"} 1`,
        `jobs_processed_total{${charge},outcome="snoozed"} 1`,
        '# TYPE jobs_duration_seconds histogram',
        `jobs_duration_seconds_bucket{le="5",${charge},outcome="completed"} 2`,
        `jobs_duration_seconds_count{${charge},outcome="dead"} 1`,
        `jobs_queue_wait_seconds_count{${charge}} 5`,
        'jobs_storage_outages_total 0',
        'jobs_schedule_failures_total 0',
      ]),
    );
});

it('never puts an id or a group into a label', async () => {
  const { queue, scrape } = await start();
  const { id } = await queue.queue(new Charge('give up'), { group: 'customer-4711' });
  await expect.poll(scrape).toContain('jobs_processed_total{queue="money",name="charge",outcome="dead"} 1');
  const text = (await scrape()).join('\n');
  expect(text).not.toContain(id);
  expect(text).not.toContain('customer-4711');
  const labels = new Set([...text.matchAll(/[{,](\w+)="/g)].map(([, label]) => label));
  expect(labels).toEqual(new Set(['le', 'name', 'outcome', 'queue', 'state']));
});

it('shows the queues of the storage at each scrape, which asks for their numbers once', async () => {
  const { queue, inspector, scrape, calls } = await start();
  await queue.queueAll([new Idle(), new Idle()]);
  await queue.schedule(new Idle(), '1h');
  await queue.queue(new Charge('give up'));
  await expect.poll(scrape).toContain('jobs_queue_depth{queue="money",state="dead"} 1');
  await inspector.pauseQueue('money', 'on purpose');
  await expect
    .poll(scrape)
    .toEqual(
      expect.arrayContaining([
        'jobs_queue_depth{queue="nobody",state="ready"} 2',
        'jobs_queue_depth{queue="nobody",state="scheduled"} 1',
        'jobs_queue_depth{queue="nobody",state="running"} 0',
        'jobs_queue_depth{queue="money",state="dead"} 1',
        'jobs_queue_latency_seconds{queue="money"} 0',
        'jobs_queue_paused{queue="money"} 1',
        'jobs_queue_paused{queue="nobody"} 0',
        'jobs_worker_slots{queue="money"} 4',
        'jobs_worker_busy{queue="money"} 0',
        'jobs_worker_draining 0',
        'jobs_storage_up 1',
      ]),
    );
  const age = (await scrape()).find((line) => line.startsWith('jobs_queue_latency_seconds{queue="nobody"}'));
  expect(Number(age?.split(' ')[1])).toBeGreaterThan(0);
  calls.length = 0;
  await scrape();
  expect(calls.filter((call) => call === 'stats')).toHaveLength(1);
});

it('shows the rest, and no old numbers, while the storage does not answer', async () => {
  const { queue, storage, scrape } = await start();
  await queue.queue(new Charge());
  await expect.poll(scrape).toContain('jobs_queue_depth{queue="money",state="dead"} 0');
  storage.break('refused', ['stats']);
  const lines = await scrape();
  expect(lines).toContain('jobs_storage_up 0');
  expect(lines).toContain('jobs_enqueued_total{queue="money",name="charge"} 1');
  expect(lines.filter((line) => line.startsWith('jobs_queue_depth{'))).toEqual([]);
});

it("shows the application's metrics too, in the registry of prom-client unless told otherwise, and leaves them there", async () => {
  const orders = new Counter({ name: 'orders_total', help: 'Orders' });
  onTestFinished(() => register.removeSingleMetric('orders_total'));
  const { app, scrape } = await start(true);
  orders.inc(3);
  expect(await scrape()).toEqual(expect.arrayContaining(['orders_total 3', 'jobs_storage_up 1']));
  await app.close();
  const left = register.getMetricsAsArray().map(({ name }) => name);
  expect(left).toEqual(['orders_total']);
});

it('takes a prefix, and refuses to boot where a name is taken, leaving nothing behind', async () => {
  const registry = new Registry();
  const { scrape } = await start({ registry, prefix: 'shop_' });
  expect(await scrape()).toContain('shop_storage_up 1');
  const names = registry.getMetricsAsArray().length;
  const error = await bootError({
    imports: [BackgroundJobsModule.forRoot({ prometheus: { registry, prefix: 'shop_' } })],
  });
  expect(error.message).toMatch(
    /has a metric shop_enqueued_total already.*a registry or a prefix of its own/,
  );
  expect(registry.getMetricsAsArray()).toHaveLength(names);
});

it('says which option is missing, unknown or impossible', async () => {
  const { app } = await start(false);
  await expect(app.get(JobMetrics).text()).rejects.toThrow(/set the option prometheus: true/);
  const errorOf = async (prometheus: unknown) => {
    const options = { prometheus: prometheus as PrometheusOptions };
    return (await bootError({ imports: [BackgroundJobsModule.forRoot(options)] })).message;
  };
  expect(await errorOf({ prefx: 'x' })).toMatch(/Did you mean 'prefix'/);
  expect(await errorOf({ prefix: '1x-' })).toMatch(/prometheus\.prefix: "1x-"/);
  expect(await errorOf({ buckets: [1, 1] })).toMatch(/prometheus\.buckets: must be ascending/);
  expect(await errorOf({ registry: {} })).toMatch(/prometheus\.registry: must be a Registry/);
  expect(await errorOf('yes')).toMatch(/prometheus: "yes" is neither/);
});
