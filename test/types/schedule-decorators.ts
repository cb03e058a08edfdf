import { Cron, Every, Job, type QueueHandle } from 'nestjs-background-jobs';

// Compiled by `npm run types`, never run: what must not compile is marked, and a mark without an error fails.

class Mailer {}

@Job({ name: 'every', every: '5m' })
export class EveryFiveMinutes {
  run(): void {}
}

@Job({ name: 'every-injected', every: 60_000, inject: [Mailer] })
export class EveryInjected {
  constructor(readonly of = 'sales') {}

  run(_mailer: Mailer): void {}
}

@Cron('0 3 * * *', {
  key: 'nightly',
  timeZone: 'Europe/London',
  missed: 'skip',
  overlap: 'skip',
  jitter: '5m',
})
@Cron('0 9 * * MON', { key: 'weekly', missed: { all: 3 }, queue: 'bulk', priority: 5 })
@Every('1h', { key: 'hourly' })
@Job({ name: 'cron' })
export class ByCron {}

@Job({ name: 'with-job' })
@Cron('0 3 * * *', { job: () => new WithJob('sales') })
@Every('1h', { key: 'hourly', job: () => new WithJob('stock') })
export class WithJob {
  constructor(readonly of: string) {}
}

// @ts-expect-error the constructor needs an argument
@Job({ name: 'needs-argument', every: '5m' })
export class EveryNeedsArgument {
  constructor(readonly of: string) {}
}

// @ts-expect-error the constructor needs an argument
@Cron('0 3 * * *')
@Job({ name: 'cron-needs-argument' })
export class CronNeedsArgument {
  constructor(readonly of: string) {}
}

// @ts-expect-error the job is of another class
@Cron('0 3 * * *', { job: () => new WithJob('sales') })
@Job({ name: 'another-job' })
export class AnotherJob {
  readonly unlike = 1;
}

// @ts-expect-error not a missed policy
@Cron('0 3 * * *', { missed: 'none' })
// @ts-expect-error an interval has no time zone
@Every('1h', { timeZone: 'UTC' })
// @ts-expect-error a schedule's job has no id of its own
@Cron('0 3 * * *', { id: 'a' })
@Job({ name: 'wrong-options' })
export class WrongOptions {}

// @ts-expect-error not a duration
@Job({ name: 'wrong-interval', every: 'soon' })
export class WrongInterval {}

export async function atRunTime(jobs: QueueHandle): Promise<void> {
  await jobs.cron('0 3 * * *', new ByCron(), { key: 'a', timeZone: 'UTC', missed: 'all', meta: 1 });
  await jobs.every('1h', new ByCron(), { key: 'b', overlap: 'skip', jitter: 5_000 });
  // @ts-expect-error the key is missing
  await jobs.cron('0 3 * * *', new ByCron(), {});
  // @ts-expect-error an interval has no time zone
  await jobs.every('1h', new ByCron(), { key: 'b', timeZone: 'UTC' });
  // @ts-expect-error the tick is the time
  await jobs.cron('0 3 * * *', new ByCron(), { key: 'a', delay: '5s' });
}
