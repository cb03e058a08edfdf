import { BackgroundJobsModule, Job, MemoryStorage, type PrometheusOptions } from 'nestjs-background-jobs';
import { Counter, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { probeRoutes, registriesOf } from '../../../lib/nest/worker-process/probe-routes.js';
import { boot } from './application.js';

@Job({ name: 'charge', queue: 'money' })
class Charge {
  run(): void {}
}

async function start(first: false | PrometheusOptions, second: false | PrometheusOptions) {
  const { app } = await boot({
    imports: [
      BackgroundJobsModule.forRoot({ prometheus: first, workers: { money: 3 } }),
      BackgroundJobsModule.forRoot({
        name: 'second',
        storage: new MemoryStorage(),
        prometheus: second,
        workers: { money: 5 },
      }),
    ],
    providers: [Charge],
  });
  return app;
}

async function scrape(app: Awaited<ReturnType<typeof start>>): Promise<string> {
  const answer = await probeRoutes(() => app, true)['/metrics']?.();
  expect(answer).toMatchObject({ status: 200, contentType: expect.stringContaining('text/plain') });
  return answer?.body ?? '';
}

describe('the metrics that runWorker answers', () => {
  it('are those of all instances, from registries of their own', async () => {
    const [one, other] = [new Registry(), new Registry()];
    const app = await start({ registry: one }, { registry: other, prefix: 'second_jobs_' });
    const body = await scrape(app);
    expect(body).toContain('jobs_worker_slots{queue="money"} 3');
    expect(body).toContain('second_jobs_worker_slots{queue="money"} 5');
    const helps = body.match(/^# HELP \S+/gm) ?? [];
    expect(new Set(helps).size).toBe(helps.length);
  });

  it('come once from a registry that instances and application share', async () => {
    const registry = new Registry();
    new Counter({ name: 'orders_total', help: 'Orders', registers: [registry] }).inc(7);
    const body = await scrape(await start({ registry }, { registry, prefix: 'second_jobs_' }));
    expect(body.match(/^orders_total 7$/gm)).toHaveLength(1);
    expect(body).toContain('second_jobs_worker_slots{queue="money"} 5');
  });

  it('are those of the instances that have some', async () => {
    expect(await scrape(await start(false, { registry: new Registry() }))).toContain(
      'jobs_worker_slots{queue="money"} 5',
    );
    const none = await start(false, false);
    expect(() => registriesOf(none)).toThrow('set the option prometheus: true');
  });

  it('are refused where names would come twice', async () => {
    const app = await start({ registry: new Registry() }, { registry: new Registry() });
    expect(() => registriesOf(app)).toThrow('Give one of them a prefix of its own');
  });
});
