import {
  Catch,
  Injectable,
  Scope,
  UseGuards,
  UseInterceptors,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import {
  BackgroundJobsModule,
  Job,
  JobContext,
  JobExecutionContext,
  JobHandler,
  type BackgroundJobsOptions,
} from 'nestjs-background-jobs';
import { map, tap, type Observable } from 'rxjs';
import { beforeEach, expect, it } from 'vitest';
import { bootError } from './application.js';
import { runOne, traceModule } from './run-one.js';
import { Trace } from './trace.js';

let trace: Trace;

beforeEach(() => {
  trace = new Trace();
});

@Injectable()
class Tell implements NestInterceptor {
  constructor(private readonly lines: Trace) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    this.lines.add(`before ${context.getClass().name}.${context.getHandler().name}`);
    return next.handle().pipe(
      tap((value) => this.lines.add(`after ${String(value)}`)),
      map((value) => `${String(value)}!`),
    );
  }
}

@Catch()
class Swallow implements ExceptionFilter {
  catch(_error: unknown, host: ArgumentsHost): string {
    const { context } = JobExecutionContext.from(host);
    trace.add(`swallowed ${context.name}`);
    return 'all is well';
  }
}

@UseInterceptors(Tell)
@Job({ name: 'told' })
class Told {
  run(): void {}
}

@Job({ name: 'plain', inject: [Trace] })
class Plain {
  run(lines: Trace): string {
    lines.add('run plain');
    return 'plain';
  }
}

@Injectable()
class HttpGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: { authorization?: string } }>();
    return headers.authorization !== undefined;
  }
}

@Injectable({ scope: Scope.REQUEST })
class ScopedGlobal implements CanActivate {
  constructor(private readonly context: JobContext) {}

  canActivate(context: ExecutionContext): boolean {
    trace.add(`scoped global ${context.getType<string>()} ${this.context.name}`);
    return true;
  }
}

const GLOBALS = [
  { provide: APP_GUARD, useClass: HttpGuard },
  { provide: APP_INTERCEPTOR, useClass: Tell },
  { provide: APP_PIPE, useValue: { transform: (value: unknown) => value } },
  { provide: APP_FILTER, useClass: Swallow },
];

it('global enhancers of the application leave jobs alone', async () => {
  const info = await runOne(trace, new Plain(), { providers: [Plain, ...GLOBALS] });
  expect(info).toMatchObject({ state: 'completed', result: 'plain' });
  expect(trace.lines).toEqual(['run plain']);
});

it('global enhancers stand around jobs where their kind is asked for, request-scoped ones too', async () => {
  const info = await runOne(
    trace,
    new Plain(),
    { providers: [Plain, ...GLOBALS.slice(1), { provide: APP_GUARD, useClass: ScopedGlobal }] },
    { globalEnhancers: ['guards', 'interceptors', 'pipes', 'filters'] },
  );
  expect(info).toMatchObject({ state: 'completed', result: 'plain!' });
  expect(trace.lines).toEqual(['scoped global job plain', 'before Plain.run', 'run plain', 'after plain']);
});

it('a guard for web requests that is asked about a job fails it, rather than to find no user and pass', async () => {
  const info = await runOne(
    trace,
    new Plain(),
    { providers: [Plain, ...GLOBALS] },
    { globalEnhancers: ['guards', 'filters'] },
  );
  expect(info.state).toBe('dead');
  expect(info.errors[0]?.message).toMatch(/A job runs here, not a HTTP request/);
  expect(trace.lines).toEqual(['swallowed plain']);
});

it('interceptors of the module stand around all jobs, outside of their own', async () => {
  const outer: NestInterceptor = {
    intercept: (context, next) => {
      trace.add(`outer ${JobExecutionContext.from(context).context.name}`);
      return next.handle();
    },
  };
  await runOne(trace, new Told(), { providers: [Told, Tell] }, { interceptors: [outer, Tell] });
  expect(trace.lines.filter((line) => /^(outer|before)/.test(line))).toEqual([
    'outer told',
    'before Told.run',
    'before Told.run',
  ]);
});

it('an interceptor of the module that no module provides fails the boot', async () => {
  const error = await bootError({
    imports: [BackgroundJobsModule.forRoot({ interceptors: [Tell] }), traceModule(trace)],
    providers: [Plain],
  });
  expect(error).toMatchObject({ code: 'INVALID_OPTION' });
  expect(error.message).toMatch(/Tell/);
});

it.each([
  [{ interceptors: [{}] }, /interceptors\[0\]/],
  [{ globalEnhancers: ['guard'] }, /globalEnhancers: 'guard'/],
])('%j fails the boot', async (options, message) => {
  const error = await bootError({
    imports: [BackgroundJobsModule.forRoot(options as unknown as BackgroundJobsOptions)],
  });
  expect(error).toMatchObject({ code: 'INVALID_OPTION' });
  expect(error.message).toMatch(message);
});

@UseGuards(HttpGuard)
@Job({ name: 'unlisted' })
class Unlisted {}

@JobHandler(Unlisted)
class UnlistedHandler {
  run(): void {}
}

it('an enhancer that Nest did not make fails the boot', async () => {
  const error = await bootError({
    imports: [BackgroundJobsModule.forRoot(), traceModule(trace)],
    providers: [UnlistedHandler],
  });
  expect(error).toMatchObject({ code: 'INVALID_JOB' });
  expect(error.message).toMatch(/Unlisted: Nest did not make its enhancer HttpGuard/);
});
