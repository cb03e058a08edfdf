import { Injectable, Scope } from '@nestjs/common';
import { context as active, createTraceState, trace, type SpanContext } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { ClsModule, ClsService } from 'nestjs-cls';
import {
  BackgroundJobsModule,
  ClsCarrier,
  Job,
  QueueHandle,
  TraceCarrier,
  type JobCarrier,
} from 'nestjs-background-jobs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { boot, bootError } from './application.js';
import { ended } from './run-one.js';

/** Made before the run: what it sees was restored before anything was injected. */
@Injectable({ scope: Scope.REQUEST })
class Tenant {
  readonly tenant: unknown;
  readonly user: unknown;
  readonly isActive: boolean;

  constructor(cls: ClsService) {
    this.tenant = cls.get('tenant');
    this.user = cls.get('user');
    this.isActive = cls.isActive();
  }
}

@Job({ name: 'of-tenant', inject: [Tenant] })
class OfTenant {
  run({ tenant, user, isActive }: Tenant) {
    return { tenant, user, isActive };
  }
}

@Job({ name: 'traced' })
class Traced {
  async run() {
    await Promise.resolve();
    const span = trace.getSpanContext(active.active());
    return span && { ...span, traceState: span.traceState?.serialize() };
  }
}

async function start(carriers: readonly JobCarrier[]) {
  const { app, log } = await boot({
    imports: [ClsModule.forRoot({ global: true }), BackgroundJobsModule.forRoot({ context: { carriers } })],
    providers: [OfTenant, Tenant, Traced],
  });
  return { cls: app.get(ClsService), jobs: app.get(QueueHandle), log };
}

describe('values of nestjs-cls', () => {
  it('come along by their keys, and no others', async () => {
    const { cls, jobs } = await start([new ClsCarrier({ keys: ['tenant'] })]);
    const { id } = await cls.run(() => {
      cls.set('tenant', { id: 7 });
      cls.set('user', 'ada');
      return jobs.queue(new OfTenant());
    });
    expect((await ended(jobs, id)).result).toEqual({ tenant: { id: 7 }, isActive: true });
  });

  it('are not needed: a job that was queued outside has a context all the same', async () => {
    const { jobs } = await start([new ClsCarrier({ keys: ['tenant'] })]);
    const { id } = await jobs.queue(new OfTenant());
    expect((await ended(jobs, id)).result).toEqual({ isActive: true });
  });

  it('stay behind without a carrier, although the same process runs the job', async () => {
    const { cls, jobs } = await start([]);
    for (let round = 0; round < 5; round++) {
      const { id } = await cls.run(() => {
        cls.set('tenant', 7);
        return jobs.queue(new OfTenant());
      });
      expect((await ended(jobs, id)).result).toEqual({ isActive: false });
      // Until the runner has nothing under way, so that the next job wakes it.
      for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    }
  });

  it('that are no plain JSON are refused by the name of their key', async () => {
    const { cls, jobs } = await start([new ClsCarrier({ keys: ['tenant'] })]);
    const queued = cls.run(() => {
      cls.set('tenant', new Date());
      return jobs.queue(new OfTenant());
    });
    await expect(queued).rejects.toThrow('$.cls.tenant, is an instance of Date');
  });
});

describe('a trace', () => {
  const manager = new AsyncLocalStorageContextManager();
  beforeAll(() => void active.setGlobalContextManager(manager.enable()));
  afterAll(() => active.disable());

  const span: SpanContext = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    traceFlags: 1,
    traceState: createTraceState('vendor=1'),
  };

  it('goes on in the run, as its remote parent', async () => {
    const { jobs } = await start([new TraceCarrier()]);
    const { id } = await active.with(trace.setSpanContext(active.active(), span), () =>
      jobs.queue(new Traced()),
    );
    expect((await ended(jobs, id)).result).toEqual({ ...span, traceState: 'vendor=1', isRemote: true });
  });

  it('begins nowhere for a job that was queued outside of one', async () => {
    const { jobs } = await start([new TraceCarrier()]);
    const { id } = await jobs.queue(new Traced());
    expect((await ended(jobs, id)).result).toBeUndefined();
  });
});

it('a carrier of the application that throws is logged, at the enqueue and at the run, and harms nothing', async () => {
  const broken = () => {
    throw new Error('no tenant\nhere');
  };
  const { jobs, log } = await start([{ name: 'own', capture: broken, restore: broken }]);
  const { id } = await jobs.queue(new OfTenant());
  expect((await ended(jobs, id)).state).toBe('completed');
  expect(log.lines.filter((line) => line.includes("carrier 'own'"))).toEqual([
    expect.stringMatching(/^error BackgroundJobs: The carrier 'own' failed: .*: no tenant\\nhere/),
    expect.stringMatching(new RegExp(`^error BackgroundJobs: Job of-tenant ${id} runs without .*no tenant`)),
  ]);
});

it.each<[string, () => JobCarrier[], string]>([
  ['without a name', () => [{ name: '', capture: () => 1, restore: () => 1 }], 'context.carriers[0]'],
  ['without a method', () => [{ name: 'x', capture: () => 1 } as unknown as JobCarrier], "'x': must have"],
  ['of one name', () => [new TraceCarrier(), new TraceCarrier()], "two have the name 'trace'"],
  ['that are to carry all of nestjs-cls', () => [new ClsCarrier({ keys: [] })], 'keys must name'],
])('carriers %s fail at boot', async (_, carriers, message) => {
  const options = { useFactory: () => ({ context: { carriers: carriers() } }) };
  const error = await bootError({ imports: [BackgroundJobsModule.forRootAsync(options)] });
  expect(error).toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringContaining(message) as string,
  });
});

it('a carrier whose package is not there fails the boot', async () => {
  const carrier = new TraceCarrier();
  carrier.prepare = () => Promise.reject(new Error('install it'));
  const error = await bootError({
    imports: [BackgroundJobsModule.forRoot({ context: { carriers: [carrier] } })],
  });
  expect(error.message).toBe('install it');
});
