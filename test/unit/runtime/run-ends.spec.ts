import { describe, expect, it } from 'vitest';
import { Backoff, type BackoffFunction } from '../../../lib/core/backoff.js';
import { NonRetryableError, RetryAfterError } from '../../../lib/core/run-errors.js';
import { handler, held, Stage, type Code } from './stage.js';

const HOSTILE = new Proxy(
  {},
  {
    get: () => {
      throw new Error('get');
    },
    getPrototypeOf: () => {
      throw new Error('getPrototypeOf');
    },
  },
);

// oxlint-disable-next-line no-thenable -- what the test is about
const THENABLE = { then: (resolve: (value: number) => void) => resolve(5) };

const CYCLE: unknown[] = [];
CYCLE.push(CYCLE);

async function endOf(code: Code, policy = {}) {
  const stage = await Stage.set(code);
  const id = await stage.queue({ policy });
  return { stage, record: await stage.record(id), runAt: (await stage.record(id))?.runAt ?? 0 };
}

describe('a run that returns', () => {
  it.each<[string, Code, string | undefined]>([
    ['nothing', () => undefined, undefined],
    ['a value', () => ({ sent: 3 }), '{"sent":3}'],
    ['a promise of nothing', async () => {}, undefined],
    ['a promise of a value', async () => 'done', '"done"'],
    ['something with a then', () => THENABLE, '5'],
    ['null', () => null, 'null'],
  ])('%s completes its job', async (_, code, result) => {
    const { record } = await endOf(code);
    expect(record).toMatchObject({ state: 'completed', attempt: 0 });
    expect(record?.result).toBe(result);
  });

  it.each<[string, unknown, RegExp]>([
    ['BigInt', 1n, /bigint/],
    ['a cycle', CYCLE, /circular/],
    ['too much', 'x'.repeat(70_000), /limit/],
    ['a class instance', new (class Money {})(), /Money/],
    ['a hostile proxy in an array', [HOSTILE], /./],
  ])('%s completes its job all the same, and the record says what was lost', async (_, value, problem) => {
    const { stage, record } = await endOf(() => value);
    expect(record?.state).toBe('completed');
    expect(JSON.parse(record?.result ?? '')).toEqual({ $unstorable: expect.stringMatching(problem) });
    expect(stage.event('result-dropped')?.problem).toMatch(problem);
  });

  it('a promise that calls back and then throws ends once', async () => {
    // oxlint-disable-next-line no-thenable -- what the test is about
    const twice = Object.defineProperty(Promise.resolve(), 'then', {
      value: (resolve: () => void) => {
        resolve();
        throw new Error('again');
      },
    });
    const { code, runs } = held();
    const stage = await Stage.set({ odd: () => twice, work: code });
    const id = await stage.queue({ name: 'odd' });
    expect(await stage.record(id)).toMatchObject({ state: 'completed', attempt: 0 });
    for (let i = 0; i < 3; i++) await stage.queue();
    expect(runs).toHaveLength(1);
  });

  it('a value leaves no result behind when nothing is kept', async () => {
    const { stage, record } = await endOf(() => 1n, { keep: { completed: false, dead: 0, cancelled: 0 } });
    expect(record).toBeUndefined();
    expect(stage.kinds()).toEqual(['started', 'completed']);
  });

  it('a snooze is put off and uses no attempt', async () => {
    const { stage, record } = await endOf((_, { snooze }) => snooze('5m'));
    expect(record).toMatchObject({ state: 'scheduled', attempt: 0, runAt: stage.clock.now() + 300_000 });
    expect(stage.event('snoozed')?.delay).toBe(300_000);
  });
});

describe('a run that throws', () => {
  it.each<[string, unknown]>([
    ['an error', new Error('no')],
    ['undefined', undefined],
    ['null', null],
    ['text', 'no'],
    ['a frozen object', Object.freeze({ message: 'no' })],
    ['a hostile proxy', HOSTILE],
    ['NUL and half a pair', new Error('\0\ud800'.repeat(10_000))],
  ])('%s is tried again', async (_, thrown) => {
    for (const code of [
      () => {
        throw thrown;
      },
      () => Promise.reject(thrown),
    ]) {
      const { record, runAt, stage } = await endOf(code);
      expect(record).toMatchObject({ state: 'retrying', attempt: 1 });
      expect(record?.failures).toHaveLength(1);
      expect(runAt).toBe(stage.clock.now() + 2_000);
    }
  });

  it('is dead once its retries are used up', async () => {
    const { record, stage } = await endOf(() => Promise.reject(new Error('no')), { maxRetries: 0 });
    expect(record).toMatchObject({ state: 'dead', reason: 'retries-exhausted', attempt: 1 });
    expect(stage.event('dead')).toMatchObject({ reason: 'retries-exhausted', failure: { message: 'no' } });
  });

  it('NonRetryableError is dead at once', async () => {
    const { record } = await endOf(() => Promise.reject(new NonRetryableError('never')));
    expect(record).toMatchObject({ state: 'dead', reason: 'non-retryable' });
  });

  it('RetryAfterError waits as long as it says', async () => {
    const { stage, runAt } = await endOf(() => Promise.reject(new RetryAfterError('7m')));
    expect(runAt).toBe(stage.clock.now() + 420_000);
  });
});

describe('a custom backoff', () => {
  async function delayOf(choose: BackoffFunction, asFunction = false) {
    const custom = Backoff.custom(choose);
    const fail = handler('work', () => Promise.reject(new Error('no')), {
      backoff: asFunction ? () => custom : custom,
    });
    const stage = await Stage.set({}, { handlers: [fail] });
    const id = await stage.queue({ payload: '{"a":1}', policy: { backoff: { kind: 'custom' } } });
    return ((await stage.record(id))?.runAt ?? 0) - stage.clock.now();
  }

  it('chooses the wait from attempt, error and job', async () => {
    const seen: unknown[] = [];
    const choose: BackoffFunction = (attempt, error, job) => {
      seen.push(attempt, (error as Error).message, { ...job });
      return '3m';
    };
    expect(await delayOf(choose)).toBe(180_000);
    expect(seen).toEqual([1, 'no', { a: 1 }]);
    expect(await delayOf(choose, true)).toBe(180_000);
  });

  it.each<[string, BackoffFunction]>([
    [
      'throws',
      () => {
        throw new Error('oops');
      },
    ],
    ['returns no duration', () => 'soon' as never],
    ['returns nothing', () => undefined as never],
    ['returns a promise', (async () => 5) as never],
  ])('that %s leaves the wait to the default', async (_, choose) => {
    expect(await delayOf(choose)).toBe(2_000);
  });

  it('may come from the defaults of all jobs', async () => {
    const stage = await Stage.set(() => Promise.reject(new Error('no')), {
      backoff: Backoff.custom(() => 77),
    });
    const id = await stage.queue({ policy: { backoff: { kind: 'custom' } } });
    expect(((await stage.record(id))?.runAt ?? 0) - stage.clock.now()).toBe(77);
  });
});

describe('a payload', () => {
  it('arrives with its prototype, its constructor not called', async () => {
    let made = 0;
    class Greeting {
      constructor(readonly name: string) {
        made += 1;
      }
      get text() {
        return `Hello ${this.name}`;
      }
    }
    const seen: unknown[] = [];
    const greet = handler('work', (job) => void seen.push((job as Greeting).text));
    const definition = { ...greet.definition, class: Greeting as never };
    const stage = await Stage.set({}, { handlers: [{ ...greet, definition }] });
    await stage.queue({ payload: '{"name":"Ada"}' });
    expect(seen).toEqual(['Hello Ada']);
    expect(made).toBe(0);
  });

  it.each(['{', '[]', 'null', '{"__proto__":{"admin":true}}'])(
    '%s is dead as invalid, never run',
    async (payload) => {
      let runs = 0;
      const stage = await Stage.set(() => void (runs += 1));
      const id = await stage.queue({ payload });
      const next = await stage.queue();
      expect(await stage.record(id)).toMatchObject({ state: 'dead', reason: 'invalid-payload', attempt: 1 });
      expect(await stage.state(next)).toBe('completed');
      expect(runs).toBe(1);
    },
  );

  it('goes through the codec, whose failure is an invalid payload too', async () => {
    const seen: unknown[] = [];
    const codec = {
      encode: (fields: object) => ({ ...fields }),
      decode: ({ at }: Readonly<Record<string, unknown>>) => ({ at: new Date(at as string).toISOString() }),
    };
    const stage = await Stage.set((job) => void seen.push({ ...job }), { codec });
    await stage.queue({ payload: '{"at":"2030-01-01"}' });
    const odd = await stage.queue({ payload: '{"at":"never"}' });
    expect(seen).toEqual([{ at: '2030-01-01T00:00:00.000Z' }]);
    expect(await stage.record(odd)).toMatchObject({ state: 'dead', reason: 'invalid-payload' });
  });
});

describe('the context', () => {
  it('tells a run all of itself, also when taken apart', async () => {
    const seen: unknown[] = [];
    const stage = await Stage.set((_, context) => {
      const { id, name, queue, attempt, maxAttempts, token, enqueuedAt, scheduledFor, meta, log } = context;
      seen.push({ id, name, queue, attempt, maxAttempts, token, enqueuedAt, scheduledFor, meta });
      log('half way');
    });
    await stage.queue({ id: 'one', meta: '{"user":1}' });
    const now = new Date(stage.clock.now());
    const job = { id: 'one', name: 'work', queue: 'default', attempt: 1, token: 1 };
    expect(seen).toEqual([{ ...job, maxAttempts: 6, enqueuedAt: now, scheduledFor: now, meta: { user: 1 } }]);
    expect(stage.event('log')).toEqual({ kind: 'log', job, message: 'half way' });
  });

  it('has one signal, which does not abort without a reason', async () => {
    const signals: AbortSignal[] = [];
    const stage = await Stage.set((_, context) => void signals.push(context.signal, context.signal));
    await stage.queue();
    await stage.pass(60_000);
    expect(signals[0]).toBe(signals[1]);
    expect(signals[0]?.aborted).toBe(false);
  });
});

describe('a listener', () => {
  it('gets nothing of the kinds that nobody wants to hear of just now', async () => {
    const wanted = new Set<string>(['progressed']);
    const stage = await Stage.set((_, { progress }) => progress(1), { hears: (kind) => wanted.has(kind) });
    await stage.queue();
    wanted.add('completed');
    await stage.queue();
    expect(stage.events.map(({ kind }) => kind)).toEqual(['progressed', 'progressed', 'completed']);
  });

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('oops');
      },
    ],
    ['rejects', () => Promise.reject(new Error('oops'))],
  ])('that %s disturbs nothing', async (_, listener) => {
    const stage = await Stage.set(() => {}, { onEvent: listener });
    const id = await stage.queue();
    expect(await stage.state(id)).toBe('completed');
  });
});
