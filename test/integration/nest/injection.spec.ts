import {
  forwardRef,
  Inject,
  Injectable,
  Module,
  Optional,
  Scope,
  type ModuleMetadata,
  type Type,
} from '@nestjs/common';
import {
  ContextIdFactory,
  INQUIRER,
  REQUEST,
  type ContextId,
  type ContextIdStrategy,
  type HostComponentInfo,
} from '@nestjs/core';
import { BackgroundJobsModule, Job, QueueHandle, type JobContext } from 'nestjs-background-jobs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { boot } from './application.js';
import { Trace } from './trace.js';

/** Queues a job for each of the given, one after the other, and returns what the runs wrote down. */
async function runAll(metadata: ModuleMetadata, ...jobs: object[]): Promise<readonly string[]> {
  const trace = new Trace();
  const { app } = await boot({
    ...metadata,
    imports: [BackgroundJobsModule.forRoot(), ...(metadata.imports ?? []), traceModule(trace)],
  });
  for (const [index, job] of jobs.entries()) {
    await app.get(QueueHandle).queue(job);
    await trace.count('', index + 1);
  }
  return trace.lines;
}

function traceModule(trace: Trace) {
  return {
    module: class TraceModule {},
    global: true,
    providers: [{ provide: Trace, useValue: trace }],
    exports: [Trace],
  };
}

@Injectable()
class Settings {
  readonly name: string = 'settings';
}

describe('the option inject', () => {
  abstract class Store {
    abstract read(): string;
  }

  const TOKEN = Symbol('token');

  @Job({
    name: 'forms',
    inject: [
      Trace,
      Settings,
      Store,
      'text',
      TOKEN,
      { token: 'absent', optional: true },
      { token: 'text', optional: true },
    ],
  })
  class Forms {
    run(
      trace: Trace,
      settings: Settings,
      store: Store,
      text: string,
      symbol: number,
      absent: unknown,
      present: unknown,
      context: JobContext,
    ): void {
      trace.add([settings.name, store.read(), text, symbol, absent, present, context.name].join(' '));
    }
  }

  it('takes classes, abstract classes, strings, symbols and optional tokens', async () => {
    const providers = [
      Forms,
      Settings,
      { provide: Store, useValue: { read: () => 'stored' } },
      { provide: 'text', useFactory: () => Promise.resolve('text') },
      { provide: TOKEN, useValue: 7 },
    ];
    expect(await runAll({ providers }, new Forms())).toEqual(['settings stored text 7  text forms']);
  });

  it('resolves in the module that lists the job, not in another that provides the same token', async () => {
    @Job({ name: 'near', inject: [Trace, 'where'] })
    class Near {
      run(trace: Trace, where: string): void {
        trace.add(`near ${where}`);
      }
    }

    @Job({ name: 'far', inject: [Trace, 'where'] })
    class Far {
      run(trace: Trace, where: string): void {
        trace.add(`far ${where}`);
      }
    }

    @Module({ providers: [{ provide: 'where', useValue: 'imported' }], exports: ['where'] })
    class Shared {}

    @Module({ imports: [Shared], exports: [Shared] })
    class Passing {}

    @Module({ providers: [Near, { provide: 'where', useValue: 'own' }] })
    class NearModule {}

    @Module({ imports: [Passing], providers: [Far] })
    class FarModule {}

    @Module({ providers: [{ provide: 'where', useFactory: () => 'elsewhere', scope: Scope.REQUEST }] })
    class LastModule {}

    const imports = [NearModule, FarModule, LastModule];
    expect(await runAll({ imports }, new Near(), new Far())).toEqual(['near own', 'far imported']);
  });

  it('gives singletons as they are, the same for each run', async () => {
    @Job({ name: 'same', inject: [Trace, Settings] })
    class Same {
      run(trace: Trace, settings: Settings): void {
        trace.add(String(settings === seen));
        seen = settings;
      }
    }

    let seen: Settings | undefined;
    expect(await runAll({ providers: [Same, Settings] }, new Same(), new Same())).toEqual(['false', 'true']);
  });
});

describe('providers that do not live as long as the application', () => {
  let made = 0;

  @Injectable({ scope: Scope.REQUEST })
  class PerRequest {
    readonly number = ++made;

    constructor(@Inject(REQUEST) readonly job: Labelled) {}
  }

  @Injectable()
  class ByWayOf {
    constructor(readonly inner: PerRequest) {}
  }

  @Injectable({ scope: Scope.TRANSIENT })
  class PerConsumer {
    readonly number = ++made;

    constructor(@Inject(INQUIRER) readonly inquirer: object) {}
  }

  interface Labelled {
    readonly label: string;
  }

  @Job({ name: 'scoped', inject: [Trace, PerRequest, ByWayOf] })
  class Scoped implements Labelled {
    constructor(readonly label: string) {}

    run(trace: Trace, direct: PerRequest, indirect: ByWayOf): void {
      trace.add(`${direct.number} ${direct === indirect.inner} ${direct.job === this} ${direct.job.label}`);
    }
  }

  @Job({ name: 'transient', inject: [Trace, PerConsumer] })
  class Transient {
    run(trace: Trace, own: PerConsumer): void {
      trace.add(`${own.number} for ${own.inquirer.constructor.name}`);
    }
  }

  it('request-scoped ones are made for each run, once, and REQUEST is the job', async () => {
    made = 0;
    const providers = [Scoped, ByWayOf, PerRequest];
    expect(await runAll({ providers }, new Scoped('a'), new Scoped('b'))).toEqual([
      '1 true true a',
      '2 true true b',
    ]);
  });

  it('transient ones are made for each run, and INQUIRER shows the job class', async () => {
    made = 0;
    const providers = [Transient, PerConsumer];
    expect(await runAll({ providers }, new Transient(), new Transient())).toEqual([
      '1 for Transient',
      '2 for Transient',
    ]);
  });

  it('an alias counts as what it stands for', async () => {
    @Job({ name: 'aliased', inject: [Trace, 'alias'] })
    class Aliased {
      run(trace: Trace, own: PerConsumer): void {
        trace.add(String(own.number));
      }
    }

    made = 0;
    const providers = [Aliased, PerConsumer, { provide: 'alias', useExisting: PerConsumer }];
    const lines = await runAll({ providers }, new Aliased(), new Aliased());
    expect(lines[0]).not.toBe(lines[1]);
  });

  it('durable ones are shared as the strategy of the application says, and get what it gives them', async () => {
    const tenants = new Map<string, ContextId>();
    ContextIdFactory.apply({
      attach(contextId: ContextId, { label }: Labelled) {
        const tenant = tenants.get(label) ?? ContextIdFactory.create();
        tenants.set(label, tenant);
        const resolve = ({ isTreeDurable }: HostComponentInfo) => (isTreeDurable ? tenant : contextId);
        return { resolve, payload: { tenant: label } };
      },
    });
    onTestFinished(() => ContextIdFactory.apply(undefined as unknown as ContextIdStrategy));

    @Injectable({ scope: Scope.REQUEST, durable: true })
    class PerTenant {
      readonly number = ++made;

      constructor(@Inject(REQUEST) readonly payload: { readonly tenant: string }) {}
    }

    @Job({ name: 'durable', inject: [Trace, PerTenant] })
    class Durable implements Labelled {
      constructor(readonly label: string) {}

      run(trace: Trace, { number, payload }: PerTenant): void {
        trace.add(`${number} for ${payload.tenant}`);
      }
    }

    made = 0;
    const queued = [new Durable('a'), new Durable('b'), new Durable('a')];
    expect(await runAll({ providers: [Durable, PerTenant] }, ...queued)).toEqual([
      '1 for a',
      '2 for b',
      '1 for a',
    ]);
  });

  it('a constructor that throws is a failed attempt, not a failed process', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Broken {
      constructor() {
        throw new Error('no connection');
      }
    }

    @Job({ name: 'broken', maxRetries: 0, inject: [Broken] })
    class BrokenJob {
      run(_broken: Broken): void {}
    }

    const { app, log } = await boot({
      imports: [BackgroundJobsModule.forRoot()],
      providers: [BrokenJob, Broken],
    });
    await app.get(QueueHandle).queue(new BrokenJob());
    expect(await log.until('error BackgroundJobs: Job broken')).toContain('no connection');
  });
});

describe("Nest's own decorators on the parameters of run", () => {
  it('@Inject and @Optional work, and plain classes beside them are read from their types', async () => {
    @Job({ name: 'decorated' })
    class Decorated {
      run(
        @Inject('text') text: string,
        trace: Trace,
        context: JobContext,
        @Optional() @Inject('absent') absent: unknown,
        @Inject(forwardRef(() => Settings)) settings: Settings,
        @Inject() again: Settings,
      ): void {
        trace.add([text, context.name, absent, settings.name, again === settings].join(' '));
      }
    }

    const providers = [Decorated, Settings, { provide: 'text', useValue: 'text' }];
    expect(await runAll({ providers }, new Decorated())).toEqual(['text decorated  settings true']);
  });

  it('belong to the class that declares run, inherited or overridden', async () => {
    class Base {
      run(@Inject(Trace) trace: Trace, @Inject('text') text: string): void {
        trace.add(`base ${text}`);
      }
    }

    @Job({ name: 'inheriting' })
    class Inheriting extends Base {}

    @Job({ name: 'overriding', inject: [Trace] })
    class Overriding extends Base {
      override run(trace: Trace): void {
        trace.add('overridden');
      }
    }

    const providers = [Inheriting, Overriding, { provide: 'text', useValue: 'text' }];
    expect(await runAll({ providers }, new Inheriting(), new Overriding())).toEqual([
      'base text',
      'overridden',
    ]);
  });

  it('are not needed for a context alone, or for nothing', async () => {
    const trace = new Trace();

    @Job({ name: 'alone' })
    class Alone {
      run(context: JobContext): void {
        trace.add(context.name);
      }
    }

    @Job({ name: 'nothing' })
    class Nothing {
      run(): void {
        trace.add('nothing');
      }
    }

    const classes: Type[] = [Alone, Nothing];
    const { app } = await boot({ imports: [BackgroundJobsModule.forRoot()], providers: classes });
    await app.get(QueueHandle).queueAll([new Alone(), new Nothing()]);
    expect((await trace.count('', 2)).toSorted()).toEqual(['alone', 'nothing']);
  });
});
