import { Injectable, Module } from '@nestjs/common';
import {
  BackgroundJobsModule,
  Cron,
  Every,
  Job,
  JobHandler,
  MemoryStorage,
  QueueHandle,
  ScheduleControl,
  Storage,
  type BackgroundJobsOptions,
  type JobContext,
} from 'nestjs-background-jobs';
import { describe, expect, it } from 'vitest';
import { boot, bootError } from './application.js';
import { Trace } from './trace.js';

@Injectable()
class Desk extends Trace {}

@Job({ name: 'heartbeat', every: '150ms', inject: [Desk] })
class Heartbeat {
  constructor(readonly of = 'the house') {}

  run(desk: Desk, context: JobContext): void {
    desk.add(`heart of ${this.of} ${context.scheduledFor.getTime()}`);
  }
}

@Cron('* * * * * *', { key: 'each second', timeZone: 'Europe/London', job: () => new Report('sales') })
@Every('1h', { key: 'hourly', job: () => new Report('stock'), priority: 3, overlap: 'skip' })
@Job({ name: 'report' })
class Report {
  constructor(readonly of: string) {}
}

@JobHandler(Report)
class ReportHandler {
  constructor(private readonly desk: Desk) {}

  run(report: Report, context: JobContext): void {
    this.desk.add(`report on ${report.of} ${context.scheduledFor.getTime() % 1000}`);
  }
}

function application(
  providers: readonly (new (...args: never[]) => object)[],
  options: BackgroundJobsOptions = {},
) {
  return { imports: [BackgroundJobsModule.forRoot(options)], providers: [Desk, ...providers] };
}

describe('a schedule that a job class declares', () => {
  it('has its jobs run, without anybody who queues them', async () => {
    const { app } = await boot(application([Heartbeat, Report, ReportHandler]));
    const desk = app.get(Desk);
    const ticks = (await desk.count('heart of the house', 3)).map((line) => Number(line.split(' ').at(-1)));
    // A machine that is busy may miss some; those that come are in step.
    const [first = 0] = ticks;
    expect(ticks.map((tick) => (tick - first) % 150)).toEqual([0, 0, 0]);
    expect(ticks).toEqual([...new Set(ticks)].toSorted((a, b) => a - b));
    expect(await desk.until('report on sales')).toBe('report on sales 0');
    await desk.until('report on stock');
    const schedules = await app.get(ScheduleControl).list();
    expect(schedules).toMatchObject([
      { key: 'each second', name: 'report', origin: 'class', timing: { timeZone: 'Europe/London' } },
      { key: 'heartbeat', name: 'heartbeat', origin: 'class', timing: { kind: 'every', interval: 150 } },
      { key: 'hourly', name: 'report', overlap: 'skip' },
    ]);
  });

  it('is declared by processes with workers only, but known to all', async () => {
    const { app } = await boot(application([Heartbeat, Report], { workers: false }));
    expect(await app.get(ScheduleControl).list()).toEqual([]);
    await app.get(Storage).putSchedules(await stored('hourly', 'old'));
    expect((await app.get(ScheduleControl).gone()).map(({ key }) => key)).toEqual(['old']);
  });

  it('stays when it leaves the code, is reported at boot, and goes on request', async () => {
    const storage = new MemoryStorage();
    await storage.open();
    await storage.putSchedules(await stored('heartbeat', 'old', 'older'));
    const lasting = Object.assign(storage, { close: () => Promise.resolve() });
    const { app, log } = await boot(application([Heartbeat], { storage: lasting }));
    expect(log.lines.find((line) => line.includes('none here does now'))).toContain('old, older. They go on');
    await app.get(QueueHandle).every('1h', new Heartbeat(), { key: 'at run time' });
    const control = app.get(ScheduleControl);
    expect(await control.prune()).toEqual(['old', 'older']);
    expect((await control.list()).map(({ key }) => key)).toEqual(['at run time', 'heartbeat']);
  });

  it('says nothing when none left the code', async () => {
    const { log } = await boot(application([Heartbeat]));
    expect(log.lines.filter((line) => line.startsWith('warn') && line.includes('chedule'))).toEqual([]);
  });

  it('stays paused through a restart', async () => {
    const storage = Object.assign(new MemoryStorage(), { close: () => Promise.resolve() });
    const first = await boot(application([Heartbeat], { storage }));
    await first.app.get(Desk).count('heart', 1);
    await first.app.get(ScheduleControl).pause('heartbeat');
    await first.app.close();
    const second = await boot(application([Heartbeat], { storage }));
    expect(await second.app.get(ScheduleControl).info('heartbeat')).toMatchObject({ paused: true });
  });

  it('uses the defaults of the module and the options of the class', async () => {
    @Every('1h', { key: 'plain' })
    @Every('1h', { key: 'special', queue: 'special' })
    @Job({ name: 'defaults', priority: 7 })
    class Defaults {
      run(): void {}
    }
    const { app } = await boot(
      application([Defaults], { defaults: { queue: 'bulk' }, workers: { elsewhere: 1 } }),
    );
    expect(await app.get(Storage).schedules()).toMatchObject([
      { key: 'plain', template: { queue: 'bulk', priority: 7 } },
      { key: 'special', template: { queue: 'special', priority: 7 } },
    ]);
  });
});

describe('a schedule that cannot be fails the boot', () => {
  class Base {
    run(): void {}
  }

  it.each<[string, () => new (...args: never[]) => object, string, string]>([
    [
      'with an expression that never comes',
      () => decorated(Cron('0 0 31 2 *')),
      'INVALID_OPTION',
      "Job 'odd': @Cron: the cron expression '0 0 31 2 *' never comes",
    ],
    [
      'with an expression that is none',
      () => decorated(Cron('nightly')),
      'INVALID_OPTION',
      "'nightly' is not a cron expression",
    ],
    [
      'with a time zone that is unknown',
      () => decorated(Cron('0 3 * * *', { timeZone: 'Europe/Londn' })),
      'INVALID_OPTION',
      'timeZone "Europe/Londn" is unknown',
    ],
    [
      'with an option that is unknown',
      () => decorated(Cron('0 3 * * *', { timezone: 'UTC' } as object)),
      'INVALID_OPTION',
      "unknown option 'timezone'. Did you mean 'timeZone'?",
    ],
    ['with too short an interval', () => decorated(Every(50)), 'INVALID_OPTION', '50 ms is too short'],
    [
      'with the key of another one',
      () => decorated(Every('1h'), Cron('0 3 * * *')),
      'INVALID_OPTION',
      "Two schedules have the key 'odd', of job 'odd': give each a key of its own",
    ],
    [
      'with a job of another class',
      () => decorated(Every('1h', { job: () => new Heartbeat() } as object)),
      'INVALID_JOB',
      'the option job of a schedule must return a Odd',
    ],
    [
      'whose class needs arguments',
      () => {
        class Odd extends Base {
          constructor(readonly of: { readonly name: string }) {
            super();
            this.name = of.name;
          }
          name: string;
        }
        Job({ name: 'odd' })(Odd);
        (Every('1h') as (jobClass: unknown) => void)(Odd);
        return Odd;
      },
      'INVALID_JOB',
      'Odd cannot be made without arguments',
    ],
  ])('%s', async (_, make, code, message) => {
    const error = await bootError(application([make()]));
    expect(error.message).toContain(message);
    expect(error.code).toBe(code);
  });

  it('with the key of another class', async () => {
    @Every('1h', { key: 'same' })
    @Job({ name: 'one' })
    class One extends Base {}
    @Every('1h', { key: 'same' })
    @Job({ name: 'two' })
    class Two extends Base {}
    @Module({ providers: [Two] })
    class Other {}
    const metadata = application([One]);
    const error = await bootError({ ...metadata, imports: [...metadata.imports, Other] });
    expect(error.message).toContain("of job 'one' and job 'two'");
  });

  function decorated(...decorators: readonly ((jobClass: new () => object) => void)[]) {
    class Odd extends Base {}
    Job({ name: 'odd' })(Odd);
    for (const decorate of decorators) decorate(Odd);
    return Odd;
  }
});

/** Schedules as an earlier version of the application left them. */
async function stored(...keys: readonly string[]) {
  const storage = new MemoryStorage();
  await storage.open();
  const { app } = await boot(application([Heartbeat], { storage }));
  const [heartbeat] = await app.get(Storage).schedules();
  if (!heartbeat) throw new Error('Nothing was declared');
  return keys.map((key) => ({ ...heartbeat, key, firstIn: 3_600_000 }));
}
