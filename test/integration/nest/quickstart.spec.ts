import { Controller, Global, Inject, Injectable, Module, type OnModuleInit } from '@nestjs/common';
import {
  BackgroundJobsModule,
  Backoff,
  Job,
  MemoryStorage,
  QueueHandle,
  Storage,
  type BackgroundJobsOptions,
  type BackgroundJobsOptionsFactory,
  type JobContext,
} from 'nestjs-background-jobs';
import { describe, expect, it } from 'vitest';
import { boot } from './application.js';
import { Trace } from './trace.js';

@Injectable()
class Mailer extends Trace {
  send(address: string, subject: string, { signal }: { signal: AbortSignal }): void {
    this.add(`${subject} to ${address}${signal.aborted ? ' too late' : ''}`);
  }
}

@Injectable()
class Users {
  find(id: string): Promise<{ email: string }> {
    return Promise.resolve({ email: `${id}@example.com` });
  }
}

let constructed = 0;

@Job({
  name: 'welcome-email',
  queue: 'mail',
  maxRetries: 5,
  backoff: Backoff.exponential(2),
  inject: [Mailer, Users],
})
class WelcomeEmail {
  constructor(readonly userId: string) {
    constructed += 1;
  }

  async run(mailer: Mailer, users: Users, context: JobContext): Promise<void> {
    const user = await users.find(this.userId);
    mailer.send(user.email, this.subject(), { signal: context.signal });
  }

  private subject(): string {
    return 'Welcome';
  }
}

@Controller('signup')
class SignupController {
  constructor(private readonly jobs: QueueHandle) {}

  async signup(userId: string): Promise<string> {
    const { id } = await this.jobs.queue(new WelcomeEmail(userId));
    return id;
  }
}

const jobs = { controllers: [SignupController], providers: [Mailer, Users, WelcomeEmail] };

class SpyStorage extends MemoryStorage {
  readonly calls: string[] = [];

  override async open(): Promise<void> {
    this.calls.push('open');
    await super.open();
  }

  override async close(): Promise<void> {
    this.calls.push('close');
    await super.close();
  }
}

describe('an application with background jobs', () => {
  it('runs what a controller queued, with what the job injects, without constructing the job', async () => {
    const { app } = await boot({
      imports: [BackgroundJobsModule.forRoot({ workers: { mail: 4 } })],
      ...jobs,
    });
    constructed = 0;
    const id = await app.get(SignupController).signup('ada');
    expect(await app.get(Mailer).until('Welcome')).toBe('Welcome to ada@example.com');
    expect(constructed).toBe(1);
    expect(await app.get(QueueHandle).info(id)).toMatchObject({ name: 'welcome-email', queue: 'mail' });
  });

  it('works on every queue that a job names when workers are left out', async () => {
    const { app, log } = await boot({ imports: [BackgroundJobsModule.forRoot()], ...jobs });
    await app.get(SignupController).signup('bob');
    expect(await app.get(Mailer).until('Welcome')).toBe('Welcome to bob@example.com');
    expect(await log.until('log BackgroundJobs')).toBe(
      'log BackgroundJobs: Working on mail (10); jobs: welcome-email',
    );
  });

  it('opens the storage before any onModuleInit, so that hooks may enqueue, and closes it after all', async () => {
    const storage = new SpyStorage();

    @Global()
    @Module({})
    class Eager implements OnModuleInit {
      constructor(private readonly queue: QueueHandle) {}

      async onModuleInit(): Promise<void> {
        storage.calls.push('enqueue');
        await this.queue.queue(new WelcomeEmail('eve'));
      }

      async onApplicationShutdown(): Promise<void> {
        if (storage.calls.includes('close')) return;
        await this.queue.queue(new WelcomeEmail('late'));
        storage.calls.push('enqueue at the end');
      }
    }

    const { app } = await boot({ imports: [Eager, BackgroundJobsModule.forRoot({ storage })], ...jobs });
    expect(await app.get(Mailer).until('Welcome')).toBe('Welcome to eve@example.com');
    await app.close();
    expect(storage.calls).toEqual(['open', 'enqueue', 'enqueue at the end', 'close']);
  });

  it('runs nothing in a process that only enqueues, where jobs need no dependencies either', async () => {
    const { app } = await boot({
      imports: [BackgroundJobsModule.forRoot({ workers: false })],
      controllers: [SignupController],
      providers: [WelcomeEmail],
    });
    const id = await app.get(SignupController).signup('ada');
    expect(await app.get(QueueHandle).info(id)).toMatchObject({ queue: 'mail' });
    expect(await app.get(Storage).runners()).toEqual([]);
  });

  it('hands the queue to importing modules only, when told not to be global', async () => {
    @Module({ providers: [{ provide: 'queue', useFactory: (q: QueueHandle) => q, inject: [QueueHandle] }] })
    class Stranger {}

    const options = { isGlobal: false };
    const { app } = await boot({ imports: [BackgroundJobsModule.forRoot(options)], ...jobs });
    await app.get(SignupController).signup('ada');
    await app.get(Mailer).until('Welcome');
    await expect(
      boot({ imports: [BackgroundJobsModule.forRoot(options), Stranger], ...jobs }),
    ).rejects.toThrow(/dependencies of the queue \(\?\)/);
  });
});

describe('forRootAsync', () => {
  @Injectable()
  class Settings {
    readonly queues = { mail: 2 };
  }

  @Module({ providers: [Settings], exports: [Settings] })
  class SettingsModule {}

  @Injectable()
  class Factory implements BackgroundJobsOptionsFactory {
    constructor(@Inject(Settings) private readonly settings: Settings) {}

    create(): BackgroundJobsOptions {
      return { workers: this.settings.queues };
    }
  }

  @Module({ imports: [SettingsModule], providers: [Factory], exports: [Factory] })
  class FactoryModule {}

  it.each([
    [
      'a factory',
      BackgroundJobsModule.forRootAsync({
        imports: [SettingsModule],
        inject: [Settings],
        useFactory: (settings: Settings) => Promise.resolve({ workers: settings.queues }),
      }),
    ],
    ['a class', BackgroundJobsModule.forRootAsync({ imports: [SettingsModule], useClass: Factory })],
    [
      'a provider that exists',
      BackgroundJobsModule.forRootAsync({ imports: [FactoryModule], useExisting: Factory }),
    ],
    [
      'a factory, for importing modules only',
      BackgroundJobsModule.forRootAsync({ useFactory: () => ({ workers: { mail: 2 } }), isGlobal: false }),
    ],
  ])('takes options from %s', async (_, module) => {
    const { app, log } = await boot({ imports: [module], ...jobs });
    await app.get(SignupController).signup('ada');
    expect(await app.get(Mailer).until('Welcome')).toBe('Welcome to ada@example.com');
    expect(await log.until('log BackgroundJobs')).toContain('mail (2)');
  });
});

describe('a test that swaps', () => {
  it('the storage never opens the one that was configured', async () => {
    const configured = new SpyStorage();
    const swapped = new SpyStorage();
    const { app } = await boot(
      { imports: [BackgroundJobsModule.forRoot({ storage: configured })], ...jobs },
      (builder) => builder.overrideProvider(Storage).useValue(swapped),
    );
    await app.get(SignupController).signup('ada');
    await app.get(Mailer).until('Welcome');
    await app.close();
    expect(configured.calls).toEqual([]);
    expect(swapped.calls).toEqual(['open', 'close']);
  });

  it('a job by a value is called like a handler, and nothing is injected', async () => {
    const trace = new Trace();
    const double = {
      run(job: WelcomeEmail, context: JobContext): void {
        trace.add(`double got ${job.userId}, ${job instanceof WelcomeEmail}, run ${context.attempt}`);
      },
    };
    const { app } = await boot(
      {
        imports: [BackgroundJobsModule.forRoot()],
        controllers: [SignupController],
        providers: [WelcomeEmail],
      },
      (builder) => builder.overrideProvider(WelcomeEmail).useValue(double),
    );
    await app.get(SignupController).signup('ada');
    expect(await trace.until('double')).toBe('double got ada, true, run 1');
  });

  it('a job by a class gets that class made by Nest', async () => {
    @Injectable()
    class FakeEmail {
      constructor(private readonly mailer: Mailer) {}

      run(job: WelcomeEmail): void {
        this.mailer.add(`fake to ${job.userId}`);
      }
    }

    const { app } = await boot({ imports: [BackgroundJobsModule.forRoot()], ...jobs }, (builder) =>
      builder.overrideProvider(WelcomeEmail).useClass(FakeEmail),
    );
    await app.get(SignupController).signup('ada');
    expect(await app.get(Mailer).until('fake')).toBe('fake to ada');
  });
});
