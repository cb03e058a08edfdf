import { describe, expect, it } from 'vitest';
import { JobPreparer } from '../../../lib/client/enqueue/job-preparer.js';
import type { QueueOptions } from '../../../lib/client/enqueue/queue-options.js';
import { Backoff } from '../../../lib/core/backoff.js';
import { InvalidJobError, InvalidOptionError, InvalidPayloadError } from '../../../lib/core/errors.js';
import { defineJob, type JobOptions } from '../../../lib/core/job-definition.js';
import { decodePolicy, DEFAULT_POLICY } from '../../../lib/core/policy.js';

class Plain {
  constructor(readonly userId = 'u1') {}
}
defineJob(Plain, { name: 'plain' });

class Tuned {
  constructor(readonly urgent: boolean) {}
}
defineJob(Tuned, {
  name: 'tuned',
  queue: 'tuned',
  priority: (job) => (job.urgent ? -5 : 5),
  maxRetries: (job) => (job.urgent ? 'infinite' : 1),
  backoff: Backoff.linear(3),
  timeout: '10s',
  keep: { completed: false },
  unique: (job) => ({ key: `u-${job.urgent}` }),
});

class Loose {}

function setup(defaults: JobOptions = {}) {
  let ids = 0;
  const preparer = new JobPreparer(() => `id-${++ids}`, defaults, undefined);
  const policy = (job: object, options?: QueueOptions) => decodePolicy(preparer.prepare(job, options).policy);
  return { preparer, policy };
}

describe('a job that is enqueued', () => {
  it('carries its fields and the defaults', () => {
    expect(setup().preparer.prepare(new Plain())).toEqual({
      id: 'id-1',
      name: 'plain',
      queue: 'default',
      payload: '{"userId":"u1"}',
      policy: JSON.stringify(DEFAULT_POLICY),
      priority: 0,
      due: { in: 0 },
    });
  });

  it('takes options from its class, asked with the job itself', () => {
    const { preparer, policy } = setup();
    expect(preparer.prepare(new Tuned(true))).toMatchObject({
      queue: 'tuned',
      priority: -5,
      unique: { key: 'tuned\nu-true', while: 'live' },
    });
    expect(policy(new Tuned(true)).maxRetries).toBe('infinite');
    expect(policy(new Tuned(false))).toMatchObject({
      maxRetries: 1,
      backoff: { kind: 'linear', seconds: 3 },
      timeout: 10_000,
      keep: { ...DEFAULT_POLICY.keep, completed: false },
    });
  });

  it('takes options of the call before those of the class, and these before the defaults', () => {
    const { preparer, policy } = setup({
      queue: 'low',
      maxRetries: 9,
      timeout: 1,
      keep: { dead: 7, completed: 8 },
    });
    expect(preparer.prepare(new Plain()).queue).toBe('low');
    expect(preparer.prepare(new Plain(), { queue: 'call' }).queue).toBe('call');
    expect(policy(new Plain())).toMatchObject({ maxRetries: 9, timeout: 1, keep: { dead: 7, completed: 8 } });
    expect(policy(new Tuned(false), { maxRetries: 0, keep: { cancelled: 1 } })).toMatchObject({
      maxRetries: 0,
      timeout: 10_000,
      keep: { completed: false, dead: 7, cancelled: 1 },
    });
  });

  it('is due after a delay, or at a time', () => {
    const { preparer } = setup();
    expect(preparer.prepare(new Plain(), { delay: '10s' }).due).toEqual({ in: 10_000 });
    expect(preparer.prepare(new Plain(), { runAt: new Date(77) }).due).toEqual({ at: 77 });
  });

  it('keeps the id it is given', () => {
    expect(setup().preparer.prepare(new Plain(), { id: 'order:7' }).id).toBe('order:7');
  });
});

describe('a job that cannot be enqueued', () => {
  const options: [name: string, options: object][] = [
    ['an unknown option', { dealy: '1s' }],
    ['delay and runAt', { delay: 1, runAt: new Date() }],
    ['an invalid date', { runAt: new Date(NaN) }],
    ['a broken priority', { priority: 0.5 }],
    ['a priority out of range', { priority: 2 ** 31 }],
    ['an empty queue', { queue: '' }],
    ['an id with NUL', { id: '\0' }],
    ['a backoff of another kind', { backoff: { kind: 'linear' } }],
    ['a negative number of retries', { maxRetries: -1 }],
    ['a timeout of nothing', { timeout: 0 }],
    ['an unknown uniqueness', { unique: { key: 'a', while: 'forever' } }],
  ];

  for (const [name, wrong] of options) {
    it(`is refused for ${name}`, () => {
      expect(() => setup().preparer.prepare(new Plain(), wrong)).toThrow(InvalidOptionError);
    });
  }

  it('is told what the misspelt option should be', () => {
    expect(() => setup().preparer.prepare(new Plain(), { dealy: '1s' } as QueueOptions)).toThrow("'delay'");
  });

  it('is refused when it is the class itself, which says what to do', () => {
    expect(() => setup().preparer.prepare(Plain)).toThrow(
      'Plain is a class: queue an instance, new Plain(…)',
    );
  });

  it('is refused when its class is not a job, also when only the parent is', () => {
    class Child extends Plain {}
    for (const stranger of [new Loose(), new Child(), {}, Object.create(null) as object]) {
      expect(() => setup().preparer.prepare(stranger)).toThrow(InvalidJobError);
    }
  });

  it('is refused with the path of what cannot be stored', () => {
    const job = Object.assign(new Plain(), { at: new Date() });
    expect(() => setup().preparer.prepare(job)).toThrow(InvalidPayloadError);
    expect(() => setup().preparer.prepare(job)).toThrow('$.at');
  });
});

it('tells of the jobs of a class until it has been told enough, and nothing of a refused one', () => {
  const told: string[] = [];
  const onClass = ({ name }: { readonly name: string }, queue: string) => {
    told.push(`${name} in ${queue}`);
    return queue === 'b';
  };
  const preparer = new JobPreparer(() => 'id', {}, undefined, undefined, onClass);
  expect(() => preparer.prepare(new Plain(), { queue: '' })).toThrow(InvalidOptionError);
  for (const queue of ['a', 'a', 'b', 'b', 'a']) preparer.prepare(new Plain(), { queue });
  preparer.prepare(new Tuned(true));
  preparer.prepareTemplate(new Tuned(true), { queue: 'c' });
  expect(told).toEqual(['plain in a', 'plain in a', 'plain in b', 'tuned in tuned', 'tuned in c']);
});

describe('defining a job', () => {
  it('refuses unknown options with a hint', () => {
    expect(() => defineJob(class A {}, { name: 'a', maxRetrys: 1 } as never)).toThrow(
      "Did you mean 'maxRetries'",
    );
  });

  it('refuses a second definition and a backoff that is none', () => {
    expect(() => defineJob(Plain, { name: 'again' })).toThrow(InvalidJobError);
    expect(() => defineJob(class B {}, { name: 'b', backoff: 5 as never })).toThrow(InvalidOptionError);
    expect(() => defineJob(class C {}, { name: '' })).toThrow(InvalidOptionError);
  });
});
