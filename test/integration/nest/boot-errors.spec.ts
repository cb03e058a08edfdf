import { Inject, Injectable, Module, Scope, type ModuleMetadata } from '@nestjs/common';
import {
  BackgroundJobsModule,
  Job,
  JobHandler,
  MemoryStorage,
  StorageOpenError,
  type BackgroundJobsOptions,
  type JobContext,
} from 'nestjs-background-jobs';
import { describe, expect, it } from 'vitest';
import { boot, bootError } from './application.js';

function application(
  providers: ModuleMetadata['providers'],
  options?: BackgroundJobsOptions,
): ModuleMetadata {
  return { imports: [BackgroundJobsModule.forRoot(options)], providers: [...(providers ?? [])] };
}

@Injectable()
class Mailer {}

describe('an option', () => {
  it.each<[string, object, string]>([
    ['that is misspelt', { worker: false }, "unknown option 'worker'. Did you mean 'workers'?"],
    ['inside another', { shutdown: { grase: 1 } }, "shutdown: unknown option 'grase'. Did you mean 'grace'?"],
    [
      'of a worker',
      { workers: { mail: { concurency: 1 } } },
      "workers.mail: unknown option 'concurency'. Did you mean",
    ],
    [
      'of the defaults',
      { defaults: { maxRetrys: 1 } },
      "defaults: unknown option 'maxRetrys'. Did you mean 'maxRetries'?",
    ],
    [
      'that is no number of workers',
      { workers: { mail: 0 } },
      'workers.mail: 0 is not a whole number from 1',
    ],
    ['that is half a worker', { workers: { mail: 1.5 } }, 'workers.mail: 1.5 is not a whole number from 1'],
    ['that asks for all workers', { workers: true }, 'workers: true is neither false nor an object'],
    ['that names no worker', { workers: {} }, 'workers: names no queue'],
    ['that names no queue', { workers: { '': 1 } }, 'workers: the name of a queue must not be empty'],
    ['that is too short a lease', { lease: 50 }, 'lease: 50 ms is too short; at least 200 ms'],
    ['that is no duration', { shutdown: { grace: 'soon' } }, 'shutdown.grace: "soon" is not a duration'],
    ['that is a class, not a storage', { storage: MemoryStorage }, 'storage: must be a storage object'],
    ['that is half a codec', { codec: { encode: Object } }, 'codec: must have the methods encode and decode'],
    ['that no job can have', { defaults: { timeout: 0 } }, 'defaults: timeout must be longer than 0'],
    ['of an order', { defaults: { order: 'random' } }, 'defaults: order "random" is neither'],
    ['that nobody could meet', { defaults: { expiresIn: 0 } }, 'defaults: expiresIn must be longer than 0'],
    ['that is no rate', { queues: { mail: { rate: '10/x' } } }, "queues.mail.rate: '10/x' is not a rate"],
    ['that lets nothing run', { queues: { mail: { concurrency: 0 } } }, 'queues.mail.concurrency: 0 is not'],
    [
      'of the groups of a queue',
      { queues: { mail: { groups: { concurency: 1 } } } },
      "queues.mail.groups: unknown option 'concurency'. Did you mean 'concurrency'?",
    ],
    ['that limits nothing', { queues: { mail: 3 } }, 'queues.mail: 3 is not an object'],
    ['that is no backoff', { defaults: { backoff: 5 } }, 'defaults: backoff must come from Backoff'],
  ])('%s fails the boot, named', async (_, options, message) => {
    const error = await bootError(application([], options));
    expect(error.code).toBe('INVALID_OPTION');
    expect(error.message).toContain(message);
  });

  it('that Nest needs before any factory has run is not looked for in what the factory returns', async () => {
    const useFactory = () => ({ isGlobal: false }) as BackgroundJobsOptions;
    const error = await bootError({ imports: [BackgroundJobsModule.forRootAsync({ useFactory })] });
    expect(error.code).toBe('INVALID_OPTION');
    expect(error.message).toContain('isGlobal stands beside useFactory');
  });

  it('of a job that is impossible fails the boot, not the first enqueue', async () => {
    @Job({ name: 'hasty', maxRetries: -1 })
    class Hasty {
      run(): void {}
    }
    const error = await bootError(application([Hasty]));
    expect(error.code).toBe('INVALID_OPTION');
    expect(error.message).toContain("Job 'hasty': maxRetries: -1 is not a whole number");
  });
});

describe('the module', () => {
  it('imported twice fails the boot', async () => {
    const imports = [BackgroundJobsModule.forRoot(), BackgroundJobsModule.forRoot()];
    const error = await bootError({ imports });
    expect(error.code).toBe('INVALID_OPTION');
    expect(error.message).toContain('is imported twice');
  });

  it('imported twice as the very same object is one module', async () => {
    const jobs = BackgroundJobsModule.forRoot();
    @Module({ imports: [jobs] })
    class Feature {}
    await boot({ imports: [jobs, Feature] });
  });

  it('whose storage cannot be opened fails the boot with the error of the storage', async () => {
    class Unopenable extends MemoryStorage {
      override open(): Promise<void> {
        return Promise.reject(new StorageOpenError('No such directory'));
      }
    }
    const error = await bootError(application([], { storage: new Unopenable() }));
    expect(error.code).toBe('STORAGE_OPEN');
  });
});

describe('a dependency of run that nobody provides', () => {
  @Injectable({ scope: Scope.REQUEST })
  class Scoped {}

  @Job({ name: 'lonely', inject: [Mailer] })
  class Lonely {
    run(_mailer: Mailer): void {}
  }

  @Job({ name: 'half-lonely', inject: [Scoped, 'nothing'] })
  class HalfLonely {
    run(_scoped: Scoped, _nothing: string): void {}
  }

  it("fails the boot with Nest's own message, naming the job", async () => {
    const { message } = await bootError(application([Lonely]));
    expect(message).toMatch(
      /can't resolve dependencies of the Lonely\.run \(\?\).*argument Mailer at index \[0\] is available in the RootTestModule/s,
    );
  });

  it('fails the boot beside request-scoped ones too', async () => {
    const { message } = await bootError(application([HalfLonely, Scoped]));
    expect(message).toMatch(/HalfLonely\.run \(Scoped, \?\).*"nothing" at index \[1\]/s);
  });
});

describe('names and handlers', () => {
  @Job({ name: 'mail' })
  class Mail {
    run(): void {}
  }

  @Job({ name: 'mail' })
  class Letter {
    run(): void {}
  }

  @Job({ name: 'message' })
  class Message {}

  @JobHandler(Message)
  class MessageHandler {
    run(): void {}
  }

  @JobHandler(Message)
  class AnotherHandler {
    run(): void {}
  }

  @JobHandler(Mail)
  class MailHandler {
    run(): void {}
  }

  @JobHandler(Mailer)
  class HandlerOfNoJob {
    run(): void {}
  }

  it.each([
    ['two classes with one name', [Mail, Letter], 'DUPLICATE_JOB', "named 'mail': Letter and Mail"],
    [
      'two classes with one name, the other way round',
      [Letter, Mail],
      'DUPLICATE_JOB',
      "named 'mail': Letter and Mail",
    ],
    [
      'two handlers of one job',
      [MessageHandler, AnotherHandler],
      'DUPLICATE_JOB',
      'AnotherHandler, MessageHandler',
    ],
    ['a handler beside run', [Mail, MailHandler], 'DUPLICATE_JOB', 'both by Mail.run and by MailHandler'],
    ['a job that nobody runs', [Message], 'INVALID_JOB', "Job 'message': Message has no method run"],
    [
      'a handler of no job',
      [HandlerOfNoJob],
      'INVALID_JOB',
      'HandlerOfNoJob handles Mailer, which is no job',
    ],
    [
      'a double without run',
      [{ provide: Message, useValue: {} }],
      'INVALID_JOB',
      'the override of Message is to handle jobs but has no method run',
    ],
  ])('%s: the boot fails', async (_, providers, code, message) => {
    const error = await bootError(application(providers));
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });

  it('a job that nobody runs is fine where there are no workers, two of a name are not', async () => {
    await boot(application([Message], { workers: false }));
    expect((await bootError(application([Mail, Letter], { workers: false }))).code).toBe('DUPLICATE_JOB');
  });

  it('the same class in two modules is used as the first provides it, with a warning', async () => {
    @Module({ providers: [Mail] })
    class First {}
    @Module({ providers: [Mail] })
    class Second {}
    const { log } = await boot({ imports: [First, Second, BackgroundJobsModule.forRoot()] });
    expect(await log.until('warn BackgroundJobs')).toContain(
      "Job 'mail': Mail is provided by First and Second; the one of First is used",
    );
  });
});

describe('a job class', () => {
  it('with a parameter of run that nothing explains fails the boot, naming it', async () => {
    @Job({ name: 'guess' })
    class Guess {
      run(_mailer: Mailer, _context: JobContext): void {}
    }
    const error = await bootError(application([Guess, Mailer]));
    expect(error.code).toBe('INVALID_JOB');
    expect(error.message).toContain("Job 'guess' (Guess): nothing says what to inject as parameter 0 of run");
  });

  it('with both ways of injection fails the boot', async () => {
    @Job({ name: 'both', inject: [Mailer] })
    class Both {
      run(@Inject(Mailer) _mailer: Mailer): void {}
    }
    expect((await bootError(application([Both, Mailer]))).message).toContain(
      'has both the option inject and @Inject',
    );
  });

  it('that injects into its constructor or its properties is refused where it is declared', () => {
    expect(() => {
      @Job({ name: 'constructor' })
      class InConstructor {
        constructor(@Inject(Mailer) readonly mailer: Mailer) {}
      }
      return InConstructor;
    }).toThrow(/Nest never constructs a job: inject into run/);
    expect(() => {
      @Job({ name: 'property' })
      class InProperty {
        @Inject(Mailer) readonly mailer?: Mailer;
      }
      return InProperty;
    }).toThrow(/Nest never constructs a job: inject into run/);
  });

  it('that injects a class of a file in an import circle is told so', () => {
    const notYet = undefined as unknown as typeof Mailer;
    expect(() => {
      @Job({ name: 'circle', inject: [notYet] })
      class Circle {}
      return Circle;
    }).toThrow(/inject\[0\] is undefined. Is its file imported in a circle/);
  });
});
