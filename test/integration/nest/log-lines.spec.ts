import { ConsoleLogger, Injectable, Logger, type LoggerService } from '@nestjs/common';
import {
  BackgroundJobsModule,
  Job,
  JobEvents,
  OnJobEvent,
  QueueHandle,
  type BackgroundJobsOptions,
  type EventOf,
  type JobContext,
} from 'nestjs-background-jobs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { boot, bootError } from './application.js';
import { ended } from './run-one.js';
import { TraceLogger } from './trace.js';

const LOGGED = { context: { current: true }, defaults: { maxRetries: 0 } } satisfies BackgroundJobsOptions;
const UNTAGGED = Logger.prototype.log;

@Injectable()
class Mailer {
  readonly logger = new Logger('Mailer');

  async send(say: (logger: Logger) => void): Promise<void> {
    await Promise.resolve();
    say(this.logger);
  }
}

/** What the job does to log; a payload could not say it. */
let say: (logger: Logger, context: JobContext) => void;

@Job({ name: 'welcome', inject: [Mailer] })
class Welcome {
  run(mailer: Mailer, context: JobContext): Promise<void> {
    return mailer.send((logger) => say(logger, context));
  }
}

function start(
  options: BackgroundJobsOptions,
  logger: LoggerService,
  providers: readonly (new () => object)[] = [],
) {
  const metadata = {
    imports: [BackgroundJobsModule.forRoot(options)],
    providers: [Mailer, Welcome, ...providers],
  };
  return boot(metadata, (builder) => {
    const { setLogger } = builder;
    // boot() sets a logger of its own.
    builder.setLogger = () => setLogger.call(builder, logger);
    return builder;
  });
}

async function run(jobs: QueueHandle, what: typeof say): Promise<string> {
  say = what;
  const { id } = await jobs.queue(new Welcome());
  expect((await ended(jobs, id)).state).toBe('completed');
  return id;
}

/** What is written to both streams, until the test is over. */
function written(): () => string {
  const texts: string[] = [];
  for (const stream of [process.stdout, process.stderr]) {
    const spy = vi.spyOn(stream, 'write').mockImplementation((text) => {
      texts.push(String(text));
      return true;
    });
    onTestFinished(() => spy.mockRestore());
  }
  return () => texts.join('');
}

describe('what is logged inside of a run', () => {
  it('says whose run it is, on every line of a ConsoleLogger, and not outside of runs', async () => {
    const { app } = await start(LOGGED, new ConsoleLogger({ colors: false }));
    const output = written();
    const id = await run(app.get(QueueHandle), (logger) => {
      logger.log('sent');
      logger.warn({ to: 'ada' });
      logger.error(new Error('refused'));
      Logger.log('by nobody');
    });
    app.get(Mailer).logger.log('idle');
    const tag = `[welcome ${id} 1]`;
    expect(output()).toMatch(new RegExp(`LOG \\[Mailer\\] \\[welcome ${id} 1\\] sent\\n`));
    expect(output()).toContain(`WARN [Mailer] ${tag} Object(1) {`);
    expect(output()).toContain(`ERROR [Mailer] ${tag} Error: refused`);
    expect(output()).toContain(`LOG ${tag} by nobody`);
    expect(output()).toContain('LOG [Mailer] idle');
  });

  it('is a field where a ConsoleLogger writes JSON', async () => {
    const { app } = await start(LOGGED, new ConsoleLogger({ json: true }));
    const output = written();
    const id = await run(app.get(QueueHandle), (logger) => logger.log('sent'));
    app.get(Mailer).logger.log('idle');
    const lines = output()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.find(({ message }) => message === 'sent')).toMatchObject({
      context: 'Mailer',
      job: { id, name: 'welcome', attempt: 1 },
    });
    expect(lines.find(({ message }) => message === 'idle')).not.toHaveProperty('job');
  });

  it('is told to a logger of the application before its message; what is no text it gets as it is', async () => {
    const logger = new TraceLogger();
    const { app } = await start(LOGGED, logger);
    const id = await run(app.get(QueueHandle), (nest) => {
      nest.log('sent');
      nest.log({ to: 'ada' });
      Logger.warn('static', 'Elsewhere');
    });
    const lines = logger.trace.lines.filter((line) => !line.includes('BackgroundJobs'));
    expect(lines).toContain(`log Mailer: [welcome ${id} 1] sent`);
    expect(lines).toContain('log Mailer: [object Object]');
    expect(lines).toContain(`warn Elsewhere: [welcome ${id} 1] static`);
  });

  it('is tagged once by a logger of the application that writes through a ConsoleLogger', async () => {
    const inner = new ConsoleLogger({ colors: false });
    const logger: LoggerService = {
      log: (...values) => inner.log(...(values as [unknown])),
      warn: () => {},
      error: () => {},
    };
    const { app } = await start(LOGGED, logger);
    const output = written();
    const id = await run(app.get(QueueHandle), (nest) => nest.log('sent'));
    expect(output().split(`[welcome ${id} 1]`)).toHaveLength(2);
  });

  it('says so through whatever logger the application gets later', async () => {
    const { app } = await start(LOGGED, new TraceLogger());
    await run(app.get(QueueHandle), (logger) => logger.log('to the first'));
    const later = new TraceLogger();
    app.useLogger(later);
    const id = await run(app.get(QueueHandle), (logger) => logger.log('to the second'));
    expect(later.trace.lines).toContain(`log Mailer: [welcome ${id} 1] to the second`);
  });

  it('keeps its run while Nest holds it back for a logger that is still to come', async () => {
    const { app } = await start(LOGGED, new TraceLogger());
    const holdBack = async (logger: LoggerService) => {
      Logger.attachBuffer();
      const id = await run(app.get(QueueHandle), (nest) => {
        nest.log('held back');
        Logger.log('so is this', 'Static');
      });
      app.useLogger(logger);
      app.flushLogs();
      return id;
    };
    const custom = new TraceLogger();
    const id = await holdBack(custom);
    expect(custom.trace.lines).toContain(`log Mailer: [welcome ${id} 1] held back`);
    expect(custom.trace.lines).toContain(`log Static: [welcome ${id} 1] so is this`);
    const output = written();
    const other = await holdBack(new ConsoleLogger({ json: true }));
    expect(output().split(`"job":{"id":"${other}","name":"welcome","attempt":1}`)).toHaveLength(3);
  });

  it('is tagged too where a ConsoleLogger is injected by itself, and by classes that extend Logger', async () => {
    const { app } = await start(LOGGED, new ConsoleLogger({ colors: false }));
    class Secretive extends ConsoleLogger {
      readonly #secret = 'sesame';
      override log(message: unknown): void {
        super.log(`${String(message)} ${this.#secret}`);
      }
    }
    class Extended extends Logger {
      readonly #secret = 'poppy';
      override log(message: unknown): void {
        super.log(`${String(message)} ${this.#secret}`);
      }
    }
    const output = written();
    const id = await run(app.get(QueueHandle), () => {
      new Secretive('Vault', { colors: false }).log('open');
      new Extended('Garden').log('open');
    });
    expect(output()).toContain(`[Vault] [welcome ${id} 1] open sesame`);
    expect(output()).toContain(`[welcome ${id} 1] open poppy`);
  });

  it("leaves the module's own lines alone, which name the job themselves", async () => {
    const logger = new TraceLogger();
    const { app } = await start(LOGGED, logger);
    const id = await run(app.get(QueueHandle), (_nest, context) => context.log('half way'));
    expect(await logger.trace.until('log BackgroundJobs: Job welcome')).toBe(
      `log BackgroundJobs: Job welcome ${id}: half way`,
    );
    app.useLogger(new ConsoleLogger({ colors: false }));
    const output = written();
    await run(app.get(QueueHandle), (_nest, context) => context.log('all the way'));
    await expect.poll(output).toContain('all the way');
    expect(output()).not.toContain('[welcome');
  });

  it.each<[string, BackgroundJobsOptions]>([
    ['where nobody asked for the current run', { context: {} }],
    ['where tags are turned off', { context: { current: true, logs: false } }],
  ])('is left as it is %s', async (_where, options) => {
    const logger = new TraceLogger();
    const { app } = await start(options, logger);
    await run(app.get(QueueHandle), (nest) => nest.log('sent'));
    expect(logger.trace.lines).toContain('log Mailer: sent');
    expect(Logger.prototype.log).toBe(UNTAGGED);
  });

  it('goes nowhere, and harms nothing, where the application has no logger', async () => {
    const { app } = await start(LOGGED, new TraceLogger());
    app.useLogger(false);
    await run(app.get(QueueHandle), (logger) => logger.log('sent'));
  });

  it('cannot be tagged without the current run', async () => {
    const imports = [BackgroundJobsModule.forRoot({ context: { logs: true } })];
    expect(await bootError({ imports })).toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('context.logs'),
    });
  });
});

describe('several applications in one process', () => {
  it('tag until the last is closed, each the runs of its own jobs, and leave Logger as it was', async () => {
    const logger = new TraceLogger();
    const tagging = [await start(LOGGED, logger), await start(LOGGED, logger)];
    const other = await start({ context: { current: true, logs: false } }, logger);
    for (const { app } of [...tagging, other]) {
      await run(app.get(QueueHandle), (nest) => nest.log('first'));
    }
    expect(logger.trace.lines.filter((line) => /\[welcome .* 1\] first/.test(line))).toHaveLength(2);
    expect(logger.trace.lines).toContain('log Mailer: first');
    await tagging[0]?.app.close();
    const id = await run(tagging[1]!.app.get(QueueHandle), (nest) => nest.log('second'));
    expect(logger.trace.lines).toContain(`log Mailer: [welcome ${id} 1] second`);
    await tagging[1]?.app.close();
    expect(Logger.prototype.log).toBe(UNTAGGED);
    await run(other.app.get(QueueHandle), (nest) => nest.log('third'));
    expect(logger.trace.lines).toContain('log Mailer: third');
  });

  it('leave a spy on Logger in place, and tag once when the next comes under it', async () => {
    const logger = new TraceLogger();
    const first = await start(LOGGED, logger);
    await run(first.app.get(QueueHandle), (nest) => nest.log('first'));
    const spy = vi.spyOn(Logger.prototype, 'log');
    await first.app.close();
    const second = await start(LOGGED, logger);
    const id = await run(second.app.get(QueueHandle), (nest) => nest.log('second'));
    expect(spy.mock.calls).toContainEqual(['second']);
    expect(logger.trace.lines).toContain(`log Mailer: [welcome ${id} 1] second`);
    spy.mockRestore();
    await second.app.close();
    expect(Logger.prototype.log).toBe(UNTAGGED);
  });
});

describe('lines as events', () => {
  it('have what was logged beside what the job logged itself, with level and source', async () => {
    const { app } = await start(LOGGED, new TraceLogger());
    const seen: EventOf<'log'>[] = [];
    app
      .get(JobEvents)
      .on('log', Welcome)
      .subscribe((event) => void seen.push(event));
    const id = await run(app.get(QueueHandle), (logger, context) => {
      logger.warn('slow');
      context.log('half way');
      Logger.error({ code: 7 });
    });
    const job = { id, name: 'welcome', queue: 'default', attempt: 1, token: 1 };
    expect(seen).toEqual([
      { kind: 'log', job, message: 'slow', level: 'warn', source: 'Mailer' },
      { kind: 'log', job, message: 'half way' },
      { kind: 'log', job, message: '{ code: 7 }', level: 'error' },
    ]);
  });

  it('have no level that the application does not want to see', async () => {
    const { app } = await start(LOGGED, new ConsoleLogger({ logLevels: ['warn'] }));
    app.useLogger(['warn']);
    onTestFinished(() => Logger.overrideLogger(['log', 'error', 'warn', 'debug', 'verbose', 'fatal']));
    written();
    const seen: string[] = [];
    app
      .get(JobEvents)
      .on('log')
      .subscribe(({ message }) => void seen.push(message));
    await run(app.get(QueueHandle), (logger) => {
      logger.debug('chatter');
      logger.warn('news');
    });
    expect(seen).toEqual(['news']);
  });

  it('come once, though the listener logs: at once, and later', async () => {
    @Injectable()
    class Keeper {
      readonly kept: string[] = [];
      readonly #logger = new Logger('Keeper');

      @OnJobEvent('log')
      async keep({ message }: EventOf<'log'>): Promise<void> {
        this.#logger.log('keeping');
        await Promise.resolve();
        this.kept.push(message);
        this.#logger.log('kept');
      }
    }
    const logger = new TraceLogger();
    const { app } = await start(LOGGED, logger, [Keeper]);
    await run(app.get(QueueHandle), (nest) => nest.log('sent'));
    await logger.trace.until('log Keeper: kept');
    expect(app.get(Keeper).kept).toEqual(['sent']);
  });
});
