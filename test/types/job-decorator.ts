import { Backoff, Job, type JobContext } from 'nestjs-background-jobs';

// Compiled by `npm run types`, never run: what must not compile is marked, and a mark without an error fails.

class Mailer {
  send(_address: string): void {}
}

abstract class Users {
  abstract find(id: string): string;
}

class Other {
  readonly unrelated = 1;
}

interface Config {
  readonly from: string;
}

const CONFIG = Symbol('config');

@Job({
  name: 'classes',
  queue: 'mail',
  maxRetries: 5,
  backoff: Backoff.exponential(2),
  inject: [Mailer, Users],
})
export class Classes {
  constructor(readonly userId: string) {}

  run(mailer: Mailer, users: Users, context: JobContext): void {
    mailer.send(users.find(this.userId) + context.id);
  }
}

@Job({ name: 'strings-and-symbols', inject: ['LIMIT', CONFIG] })
export class StringsAndSymbols {
  run(_limit: number, _config: Config, _context: JobContext): void {}
}

@Job({ name: 'optional', inject: [{ token: Mailer, optional: true }, Users] })
export class Optional {
  run(_mailer: Mailer | undefined, _users: Users): void {}
}

@Job({ name: 'fewer-parameters', inject: [Mailer, Users] })
export class FewerParameters {
  run(_mailer: Mailer): void {}
}

@Job({ name: 'nothing-injected' })
export class NothingInjected {
  run(context: JobContext): string {
    return context.name;
  }
}

@Job({ name: 'no-run' })
export class NoRun {
  constructor(
    readonly key: string,
    readonly width: number,
  ) {}
}

@Job({ name: 'no-run-with-inject', inject: [Mailer] })
export class NoRunWithInject {}

@Job({
  name: 'options-of-the-job',
  queue: (job: OptionsOfTheJob) => job.region,
  priority: (job) => job.urgency,
  unique: (job) => ({ key: job.region }),
  inject: [Mailer],
})
export class OptionsOfTheJob {
  constructor(
    readonly region: string,
    readonly urgency: number,
  ) {}

  run(_mailer: Mailer): void {}
}

// @ts-expect-error run does not accept a Mailer
@Job({ name: 'wrong-class', inject: [Mailer] })
export class WrongClass {
  run(_other: Other): void {}
}

// @ts-expect-error the order is another
@Job({ name: 'wrong-order', inject: [Users, Mailer] })
export class WrongOrder {
  run(_mailer: Mailer, _users: Users): void {}
}

// @ts-expect-error nobody injects a third
@Job({ name: 'too-many', inject: [Mailer] })
export class TooMany {
  run(_mailer: Mailer, _context: JobContext, _more: Users): void {}
}

// @ts-expect-error the context does not come first
@Job({ name: 'context-first', inject: [Mailer] })
export class ContextFirst {
  run(_context: JobContext, _mailer: Mailer): void {}
}

// @ts-expect-error an optional one may be undefined
@Job({ name: 'optional-unchecked', inject: [{ token: Mailer, optional: true }] })
export class OptionalUnchecked {
  run(_mailer: Mailer): void {}
}

// @ts-expect-error a number is no token
@Job({ name: 'no-token', inject: [1] })
export class NoToken {}

// @ts-expect-error a job has a name
@Job({ queue: 'mail' })
export class NoName {}

// @ts-expect-error the option is misspelt
@Job({ name: 'misspelt', maxRetrys: 1 })
export class Misspelt {}

// @ts-expect-error the option is misspelt
@Job({ name: 'misspelt-with-inject', inject: [Mailer], prioritiy: 1 })
export class MisspeltWithInject {}

// @ts-expect-error the function is about another class
@Job({ name: 'other-class', priority: (job: OptionsOfTheJob) => job.urgency })
export class OtherClass {}
