import {
  Inject,
  Injectable,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type INestApplicationContext,
  type InjectableOptions,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import {
  ContextIdFactory,
  REQUEST,
  type ContextId,
  type ContextIdStrategy,
  type HostComponentInfo,
} from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test, type TestingModule } from '@nestjs/testing';
import { BackgroundJobsModule, Job, QueueHandle } from 'nestjs-background-jobs';
import type { Observable } from 'rxjs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ended } from './run-one.js';
import { Trace, TraceLogger } from './trace.js';

/** A job with an enhancer of each kind, all of this scope, and what they share with the job. */
function jobOf(scope: InjectableOptions) {
  let made = 0;

  @Injectable(scope)
  class Shared {
    readonly number = ++made;

    constructor(
      @Inject(REQUEST) readonly request: { readonly tenant: string },
      readonly trace: Trace,
    ) {}

    say(who: string): void {
      this.trace.add(`${who} ${this.number} ${this.request.tenant}`);
    }
  }

  @Injectable(scope)
  class Guard implements CanActivate {
    constructor(readonly shared: Shared) {}

    canActivate(context: ExecutionContext): boolean {
      this.shared.say(`guard of ${context.getType<string>()}`);
      return true;
    }
  }

  @Injectable(scope)
  class Interceptor implements NestInterceptor {
    constructor(readonly shared: Shared) {}

    intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
      this.shared.say('interceptor');
      return next.handle();
    }
  }

  @Injectable(scope)
  class Pipe implements PipeTransform {
    constructor(readonly shared: Shared) {}

    transform(job: unknown): unknown {
      this.shared.say('pipe');
      return job;
    }
  }

  @Injectable(scope)
  class Filter implements ExceptionFilter {
    constructor(readonly shared: Shared) {}

    catch(error: Error): void {
      this.shared.say(`filter of ${error.message}`);
    }
  }

  @UseGuards(Guard)
  @UseInterceptors(Interceptor)
  @UsePipes(Pipe)
  @UseFilters(Filter)
  @Job({ name: 'scoped', maxRetries: 0, inject: [Shared] })
  class Scoped {
    constructor(readonly tenant: string) {}

    run(shared: Shared): void {
      shared.say('run');
      throw new Error('an end');
    }
  }

  return { Scoped, providers: [Scoped, Shared, Trace] };
}

/** Durable providers are shared by tenant. */
function shareByTenant(): void {
  const tenants = new Map<string, ContextId>();
  ContextIdFactory.apply({
    attach(contextId: ContextId, { tenant }: { readonly tenant: string }) {
      const shared = tenants.get(tenant) ?? ContextIdFactory.create();
      tenants.set(tenant, shared);
      return {
        resolve: ({ isTreeDurable }: HostComponentInfo) => (isTreeDurable ? shared : contextId),
        payload: { tenant },
      };
    },
  });
  onTestFinished(() => ContextIdFactory.apply(undefined as unknown as ContextIdStrategy));
}

const PLATFORMS: readonly [string, (testing: TestingModule) => Promise<INestApplicationContext>][] = [
  ['Express', (testing) => testing.createNestApplication(new ExpressAdapter()).init()],
  ['Fastify', (testing) => testing.createNestApplication(new FastifyAdapter()).init()],
  ['an application context', (testing) => testing.init()],
];

describe.each(PLATFORMS)('on %s', (_platform, create) => {
  const lines = (instance: number, tenant: string) => [
    `guard of job ${instance} ${tenant}`,
    `interceptor ${instance} ${tenant}`,
    `pipe ${instance} ${tenant}`,
    `run ${instance} ${tenant}`,
    `filter of an end ${instance} ${tenant}`,
  ];

  it.each<[string, InjectableOptions, readonly number[]]>([
    ['request-scoped ones are made once for each run', { scope: Scope.REQUEST }, [1, 2, 3]],
    ['durable ones are shared by tenant', { scope: Scope.REQUEST, durable: true }, [1, 2, 1]],
  ])('enhancers of each kind and the job share their instances: %s', async (_which, scope, instances) => {
    shareByTenant();
    const { Scoped, providers } = jobOf(scope);
    const testing = await Test.createTestingModule({ imports: [BackgroundJobsModule.forRoot()], providers })
      .setLogger(new TraceLogger())
      .compile();
    const app = await create(testing);
    onTestFinished(() => app.close());
    const jobs = app.get(QueueHandle);
    const tenants = ['a', 'b', 'a'];
    for (const tenant of tenants) {
      const { id } = await jobs.queue(new Scoped(tenant));
      expect(await ended(jobs, id)).toMatchObject({ state: 'dead', errors: [{ message: 'an end' }] });
    }
    expect(app.get(Trace).lines).toEqual(
      tenants.flatMap((tenant, nth) => lines(instances[nth] ?? 0, tenant)),
    );
  });
});
