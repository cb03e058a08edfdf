import { AsyncLocalStorage } from 'node:async_hooks';
import {
  Catch,
  Inject,
  Injectable,
  Module,
  Scope,
  SetMetadata,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { Reflector, REQUEST } from '@nestjs/core';
import {
  BackgroundJobsModule,
  Job,
  JobContext,
  JobExecutionContext,
  JobHandler,
  JobRefusedError,
  MaxRetries,
  NonRetryableError,
  QueueHandle,
} from 'nestjs-background-jobs';
import { EMPTY, map, of, tap, type Observable } from 'rxjs';
import { beforeEach, expect, it } from 'vitest';
import { boot } from './application.js';
import { runOne, traceModule } from './run-one.js';
import { Trace } from './trace.js';

let trace: Trace;

beforeEach(() => {
  trace = new Trace();
});

const Role = (role: string) => SetMetadata('role', role);

@Injectable()
class RoleGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly lines: Trace,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const { job, context: run } = JobExecutionContext.from(context);
    const role = this.reflector.getAllAndOverride<string>('role', [context.getHandler(), context.getClass()]);
    this.lines.add(`guard ${context.getType<string>()} ${role} ${(job as Greet).name} ${run.attempt}`);
    return (job as Greet).name !== 'Eve';
  }
}

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

@Injectable()
class Polite implements PipeTransform<Greet, Greet> {
  transform(job: Greet, { metatype, type }: { metatype?: unknown; type: string }): Greet {
    return { name: `dear ${job.name} (${type} ${(metatype as { name: string }).name})` } as Greet;
  }
}

@Catch(RangeError)
class Translate implements ExceptionFilter {
  catch(error: RangeError): never {
    throw new NonRetryableError(`translated ${error.message}`);
  }
}

@Role('greeter')
@UseGuards(RoleGuard)
@UseInterceptors(Tell)
@UsePipes(Polite)
@UseFilters(Translate)
@Job({ name: 'greet', inject: [Trace] })
class Greet {
  constructor(readonly name: string) {}

  run(lines: Trace, _context: JobContext): string {
    lines.add(`run ${this.name} ${this instanceof Greet}`);
    if (this.name.includes('Mallory')) throw new RangeError('too rude');
    return 'hello';
  }
}

it('a job class may have guards, interceptors, pipes and filters, with Reflector, this and the result', async () => {
  const info = await runOne(trace, new Greet('Ada'), { providers: [Greet] });
  expect(trace.lines).toEqual([
    'guard job greeter Ada 1',
    'before Greet.run',
    'run dear Ada (body Greet) true',
    'after hello',
  ]);
  expect(info).toMatchObject({ state: 'completed', result: 'hello!' });
});

it('a guard that says no makes the job dead at once', async () => {
  const info = await runOne(
    trace,
    new Greet('Eve'),
    { providers: [Greet] },
    { defaults: { maxRetries: MaxRetries.count(3) } },
  );
  expect(info).toMatchObject({ state: 'dead', reason: 'non-retryable', attempts: 1 });
  expect(info.errors[0]).toMatchObject({
    name: 'JobRefusedError',
    message: "RoleGuard does not let job 'greet' run",
  });
  expect(new JobRefusedError('no').code).toBe('JOB_REFUSED');
  expect(trace.lines).toEqual(['guard job greeter Eve 1']);
});

it('what a filter throws is what the job fails with', async () => {
  const info = await runOne(trace, new Greet('Mallory'), { providers: [Greet] });
  expect(info).toMatchObject({ state: 'dead', reason: 'non-retryable' });
  expect(info.errors[0]?.message).toBe('translated too rude');
});

@Catch()
class Swallow implements ExceptionFilter {
  catch(_error: unknown, host: ArgumentsHost): string {
    const { context } = JobExecutionContext.from(host);
    trace.add(`swallowed ${context.name}`);
    return 'all is well';
  }
}

@Catch()
class SwallowLater implements ExceptionFilter {
  async catch(): Promise<void> {
    await Promise.resolve();
    trace.add('swallowed later');
  }
}

@Job({ name: 'fails-sync' })
@UseFilters(Swallow)
class FailsSync {
  run(): never {
    throw new Error('sync');
  }
}

@Job({ name: 'fails-later' })
class FailsLater {
  @UseFilters(SwallowLater)
  async run(): Promise<never> {
    return Promise.reject(new Error('later'));
  }
}

it.each([
  ['that returns a value', new FailsSync(), 'sync', 'swallowed fails-sync'],
  ['whose catch is asynchronous', new FailsLater(), 'later', 'swallowed later'],
])('a filter %s makes no success of a failure', async (_name, job, message, line) => {
  const info = await runOne(trace, job, { providers: [FailsSync, FailsLater] });
  expect(info.state).toBe('dead');
  expect(info.errors[0]?.message).toBe(message);
  expect(trace.lines).toEqual([line]);
});

@Job({ name: 'message' })
@UseInterceptors(Tell)
class Message {
  readonly text = 'hi';
}

@UseGuards(RoleGuard)
@Injectable()
@JobHandler(Message)
class MessageHandler {
  constructor(private readonly lines: Trace) {}

  @Role('method')
  @UseInterceptors(Tell)
  run(job: Message, context: JobContext): string {
    this.lines.add(`handler ${job.text} ${context.name}`);
    return 'done';
  }
}

it('a handler class, its run, and the class of the job it handles may have them', async () => {
  const info = await runOne(trace, new Message(), { providers: [Message, MessageHandler] });
  expect(trace.lines).toEqual([
    'guard job method undefined 1',
    'before MessageHandler.run',
    'before MessageHandler.run',
    'handler hi message',
    'after done',
    'after done!',
  ]);
  expect(info.result).toBe('done!!');
});

@Injectable({ scope: Scope.REQUEST })
class RunOnly {
  static made = 0;
  readonly number = ++RunOnly.made;

  constructor(
    @Inject(REQUEST) readonly request: object,
    readonly context: JobContext,
  ) {}
}

@Injectable({ scope: Scope.REQUEST })
class ScopedGuard implements CanActivate {
  constructor(
    private readonly once: RunOnly,
    private readonly lines: Trace,
  ) {}

  canActivate(): boolean {
    this.lines.add(`guard ${this.once.number} ${this.once.context.id}`);
    return true;
  }
}

@Injectable({ scope: Scope.TRANSIENT })
class TransientInterceptor implements NestInterceptor {
  static made = 0;

  constructor() {
    TransientInterceptor.made++;
  }

  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle();
  }
}

@UseGuards(ScopedGuard)
@UseInterceptors(TransientInterceptor)
@Job({ name: 'scoped', inject: [RunOnly, Trace] })
class Scoped {
  readonly field = 'kept';

  run(once: RunOnly, lines: Trace, context: JobContext): void {
    lines.add(`run ${once.number} ${context.id} ${once.request === this} ${once.context === context}`);
  }
}

@Injectable({ scope: Scope.REQUEST })
@UseGuards(ScopedGuard)
@JobHandler(Message)
class ScopedHandler {
  constructor(
    private readonly once: RunOnly,
    private readonly lines: Trace,
  ) {}

  run(job: object, context: JobContext): void {
    this.lines.add(
      `run ${this.once.number} ${context.id} ${this.once.request === job} ${this.once.context === context}`,
    );
  }
}

it.each([
  ['a job class', Scoped, new Scoped()],
  ['a handler', ScopedHandler, new Message()],
])('request-scoped enhancers share the instances of the run with %s', async (_name, provider, job) => {
  RunOnly.made = 0;
  const metadata = { providers: [RunOnly, Tell, provider] };
  const first = await runOne(trace, job, metadata);
  const second = await runOne(trace, job, metadata);
  expect([first.state, second.state]).toEqual(['completed', 'completed']);
  const own = trace.lines.filter((line) => /^(guard|run) \d/.test(line));
  expect(own).toEqual([
    `guard 1 ${first.id}`,
    `run 1 ${first.id} true true`,
    `guard 2 ${second.id}`,
    `run 2 ${second.id} true true`,
  ]);
});

it('a transient enhancer is made for each run', async () => {
  TransientInterceptor.made = 0;
  await runOne(trace, new Scoped(), { providers: [RunOnly, Scoped] });
  expect(TransientInterceptor.made).toBeGreaterThanOrEqual(1);
  const once = TransientInterceptor.made;
  await runOne(trace, new Scoped(), { providers: [RunOnly, Scoped] });
  expect(TransientInterceptor.made).toBe(2 * once);
});

const tenant = new AsyncLocalStorage<string>();

const inTenant: NestInterceptor = {
  intercept: (_context, next) => tenant.run('acme', () => next.handle()),
};

@UseInterceptors(inTenant, { intercept: (_context, next) => next.handle() })
@Job({ name: 'in-tenant' })
class InTenant {
  async run(): Promise<string | undefined> {
    await Promise.resolve();
    return tenant.getStore();
  }
}

it('an interceptor may run the job within an AsyncLocalStorage of its own', async () => {
  const info = await runOne(trace, new InTenant(), { providers: [InTenant] });
  expect(info.result).toBe('acme');
});

@UseInterceptors({ intercept: () => EMPTY })
@Job({ name: 'emptied' })
class Emptied {
  run(): void {
    trace.add('run');
  }
}

@UseGuards({ canActivate: () => of(false) })
@Job({ name: 'observed' })
class Observed {
  run(): void {}
}

it('an interceptor that sends nothing fails the job, and a guard may answer by an Observable', async () => {
  const emptied = await runOne(trace, new Emptied(), { providers: [Emptied] });
  expect(emptied).toMatchObject({ state: 'dead' });
  expect(emptied.errors[0]?.name).toBe('EmptyError');
  const observed = await runOne(trace, new Observed(), { providers: [Observed] });
  expect(observed.errors[0]?.name).toBe('JobRefusedError');
  expect(trace.lines).toEqual([]);
});

@UsePipes({ transform: () => 'text' })
@Job({ name: 'misled' })
class Misled {
  run(): void {}
}

it('a pipe that returns no object fails the job', async () => {
  const info = await runOne(trace, new Misled(), { providers: [Misled] });
  expect(info.errors[0]).toMatchObject({
    name: 'InvalidJobError',
    message: 'The pipes of Misled returned text instead of the job',
  });
});

it('a double of a job class stands within the enhancers of the class, and a guard may have a double', async () => {
  @Module({ providers: [Greet] })
  class Greetings {}
  const { app } = await boot(
    { imports: [BackgroundJobsModule.forRoot(), Greetings, traceModule(trace)] },
    (builder) =>
      builder
        .overrideProvider(Greet)
        .useValue({ run: (job: Greet) => trace.add(`double ${job.name}`) })
        .overrideGuard(RoleGuard)
        .useValue({ canActivate: () => Boolean(trace.add('guard double')) || true }),
  );
  await app.get(QueueHandle).queue(new Greet('Eve'));
  await trace.until('after');
  expect(trace.lines).toEqual([
    'guard double',
    'before Greet.run',
    'double dear Eve (body Greet)',
    'after undefined',
  ]);
});

it('the context of something else is not taken for that of a job', () => {
  const host = { getType: () => 'http' } as unknown as ArgumentsHost;
  expect(() => JobExecutionContext.from(host)).toThrow(/context of 'http'/);
});
