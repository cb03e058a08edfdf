import { Type } from 'class-transformer';
import { IsDate, IsEmail } from 'class-validator';
import {
  BackgroundJobsModule,
  InvalidPayloadError,
  Job,
  MemoryStorage,
  QueueHandle,
  type JobInfo,
} from 'nestjs-background-jobs';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { DEFAULT_POLICY, encodePolicy } from '../../../lib/core/policy.js';
import { boot, bootError } from './application.js';

const AT = new Date('2030-01-02T03:04:05.678Z');
let seen: unknown[] = [];

class Reminder {
  constructor(
    readonly email: string,
    readonly at: Date | string = AT,
  ) {}

  run(): void {
    seen.push(this);
  }
}

const fields = z.object({ email: z.email(), at: z.coerce.date() });

@Job({ name: 'zod', schema: fields })
class ZodReminder extends Reminder {}

@Job({ name: 'zod-async', schema: fields.refine(async ({ email }) => email !== 'taken@x.org', 'is taken') })
class AsyncReminder extends Reminder {}

@Job({
  name: 'valibot',
  schema: v.object({
    email: v.pipe(v.string(), v.email()),
    at: v.pipe(
      v.string(),
      v.isoTimestamp(),
      v.transform((text) => new Date(text)),
    ),
  }),
})
class ValibotReminder extends Reminder {}

@Job({ name: 'class-validator', validate: true })
class DecoratedReminder {
  @IsEmail() readonly email: string;
  @Type(() => Date) @IsDate() readonly at: Date | string;

  constructor(email: string, at: Date | string = AT) {
    this.email = email;
    this.at = at;
  }

  run(): void {
    seen.push(this);
  }
}

const classes = [ZodReminder, AsyncReminder, ValibotReminder, DecoratedReminder];

async function start(providers: NonNullable<Parameters<typeof boot>[0]['providers']> = classes) {
  seen = [];
  const storage = new MemoryStorage();
  const { app, log } = await boot({ imports: [BackgroundJobsModule.forRoot({ storage })], providers });
  const jobs = app.get(QueueHandle);
  const ended = async (id: string): Promise<JobInfo | undefined> => {
    await expect.poll(() => jobs.info(id)).toHaveProperty('endedAt');
    return jobs.info(id);
  };
  /** As another process would have stored it. */
  const stored = async (name: string, payload: object): Promise<string> => {
    const rest = { queue: 'default', policy: encodePolicy(DEFAULT_POLICY), priority: 0, due: { in: 0 } };
    await storage.push([{ id: `${name}-1`, name, payload: JSON.stringify(payload), ...rest }]);
    return `${name}-1`;
  };
  return { jobs, log, ended, stored };
}

describe.each(classes.map((each) => [each.name, each] as const))('the schema of %s', (name, Made) => {
  it('gives a run the dates that were queued', async () => {
    const { jobs, ended } = await start();
    const { id } = await jobs.queue(new Made('a@x.org'));
    expect(await ended(id)).toMatchObject({
      state: 'completed',
      payload: { email: 'a@x.org', at: AT.toISOString() },
    });
    expect(seen).toEqual([
      Object.assign(Object.create(Made.prototype) as object, { email: 'a@x.org', at: AT }),
    ]);
    expect(seen[0]).toBeInstanceOf(Made);
  });

  it('refuses what does not fit when it is queued, with its path, and stores none of a batch', async () => {
    const { jobs } = await start();
    const error = await jobs
      .queueAll([new Made('a@x.org'), new Made('nobody')])
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidPayloadError);
    expect(error).toMatchObject({ path: '$.email', issues: [{ path: '$.email' }] });
    expect(String(error)).toContain('does not fit the schema of job');
    await expect(jobs.queue(new Made('nobody'))).rejects.toBeInstanceOf(InvalidPayloadError);
    await expect(jobs.every('1h', new Made('nobody'), { key: name })).rejects.toBeInstanceOf(
      InvalidPayloadError,
    );
    expect(await jobs.stats()).toEqual([]);
  });

  it('makes a job dead that was stored otherwise, before its code runs', async () => {
    const { ended, stored } = await start();
    const id = await stored(nameOf(Made), { email: 'nobody' });
    const info = await ended(id);
    expect(info).toMatchObject({ state: 'dead', reason: 'invalid-payload', attempts: 1 });
    expect(info?.errors[0]).toMatchObject({ name: 'InvalidPayloadError' });
    expect(seen).toEqual([]);
  });
});

function nameOf(made: (typeof classes)[number]): string {
  return (
    { ZodReminder: 'zod', AsyncReminder: 'zod-async', ValibotReminder: 'valibot' }[made.name] ??
    'class-validator'
  );
}

describe('a schema', () => {
  it('that breaks, rather than finding fault, is a failed attempt', async () => {
    let isAway = false;
    const look = async () => {
      if (isAway) throw new Error('the database is away');
      return true;
    };
    @Job({ name: 'looked-up', schema: v.pipeAsync(v.object({}), v.checkAsync(look)), maxRetries: 1 })
    class LookedUp {
      run(): void {}
    }
    const { jobs } = await start([LookedUp]);
    const { id } = await jobs.queue(new LookedUp(), { delay: 60 });
    isAway = true;
    await expect.poll(() => jobs.info(id)).toMatchObject({ state: 'retrying', attempts: 1 });
  });

  it('that is none is refused, and so is a second one', () => {
    expect(() => Job({ name: 'x', schema: {} as never })(class {})).toThrow(/Standard Schema/);
    expect(() => Job({ name: 'x', schema: fields, validate: true })).toThrow(/either schema or validate/);
  });
});

@Job({
  name: 'greet',
  version: 3,
  aliases: ['say-hello'],
  upcast: {
    1: ({ name, ...others }) => ({ ...others, first: name }),
    2: (old) => ({ ...old, greeting: 'Hello' }),
  },
})
class Greet {
  constructor(
    readonly first: string,
    readonly greeting: string,
  ) {}

  run(): void {
    seen.push(Object.assign({}, this));
  }
}

describe('a payload of an older version', () => {
  it.each<[string, object]>([
    ['without a version', { name: 'Ada' }],
    ['of version 2', { $version: 2, first: 'Ada' }],
    ['of the version of the class', { $version: 3, first: 'Ada', greeting: 'Hello' }],
  ])('%s is brought to that of the class', async (_, payload) => {
    const { ended, stored } = await start([Greet]);
    expect(await ended(await stored('greet', payload))).toMatchObject({ state: 'completed' });
    expect(seen).toEqual([{ first: 'Ada', greeting: 'Hello' }]);
  });

  it('is stored along with its version, which no reader and no run sees', async () => {
    const { jobs, ended } = await start([Greet]);
    const { id } = await jobs.queue(new Greet('Ada', 'Hi'));
    expect((await ended(id))?.payload).toEqual({ first: 'Ada', greeting: 'Hi' });
    expect(seen).toEqual([{ first: 'Ada', greeting: 'Hi' }]);
  });

  it('from which no upcast leads makes its job dead', async () => {
    @Job({ name: 'gap', version: 3, upcast: { 2: (old) => old } })
    class Gap {
      run(): void {}
    }
    const { ended, stored } = await start([Gap]);
    expect(await ended(await stored('gap', {}))).toMatchObject({ state: 'dead', reason: 'invalid-payload' });
  });

  it('that is newer than the class is left for a newer process, uncharged', async () => {
    const { jobs, log, stored } = await start([Greet]);
    const id = await stored('greet', { $version: 4 });
    await expect.poll(() => jobs.info(id)).toMatchObject({ state: 'scheduled', attempts: 0, stalls: 0 });
    expect(await log.when(() => log.lines.find((line) => line.includes('put off')))).toContain(
      'has version 4; this process knows 3',
    );
    expect(seen).toEqual([]);
  });

  it.each<[object, RegExp]>([
    [{ version: 0 }, /version 0 is not a whole number from 1/],
    [{ version: 2, upcast: { 2: () => ({}) } }, /upcast has 2/],
  ])('is declared sensibly: %j', (options, message) => {
    expect(() => Job({ name: 'x', ...options })(class {})).toThrow(message);
  });
});

describe('an alias', () => {
  it('has jobs of the old name run, and shown under it', async () => {
    const { ended, stored } = await start([Greet]);
    expect(await ended(await stored('say-hello', { name: 'Ada' }))).toMatchObject({
      name: 'say-hello',
      state: 'completed',
    });
  });

  it('that another class has, as a name or an alias, keeps the application from booting', async () => {
    @Job({ name: 'say-hello' })
    class SayHello {
      run(): void {}
    }
    const error = await bootError({
      imports: [BackgroundJobsModule.forRoot()],
      providers: [Greet, SayHello],
    });
    expect(error).toMatchObject({ code: 'DUPLICATE_JOB' });
    expect(error.message).toContain(`'say-hello'`);
  });
});
