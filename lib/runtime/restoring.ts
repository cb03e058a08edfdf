import { decodeCarried } from '../core/carried.js';
import { InvalidContextError } from '../core/errors.js';
import type { JobCarrier } from '../core/job-carrier.js';
import { splitMeta } from '../core/tick-mark.js';

/** Calls `run` within what the carriers restore of a job's stored `meta`. */
export type Restore = (
  meta: string | undefined,
  run: () => unknown,
  onFailed: (carrier: string, error: unknown) => void,
) => unknown;

/** `undefined` where there are no carriers. */
export function restoreThrough(carriers: readonly JobCarrier[]): Restore | undefined {
  if (carriers.length === 0) return undefined;
  return (meta, run, onFailed) => {
    const values = decodeCarried(splitMeta(meta).carried);
    const inwards = (index: number): unknown => {
      const carrier = carriers[index];
      if (carrier === undefined) return run();
      const value = Object.hasOwn(values, carrier.name) ? values[carrier.name] : undefined;
      return within(
        (next) => carrier.restore(value, next),
        () => inwards(index + 1),
        (error) => onFailed(carrier.name, error),
      );
    };
    return inwards(0);
  };
}

/** Has `restore` call `next`. Whatever it does, `next` is called once, and comes to what it comes to. */
function within(
  restore: (next: () => unknown) => unknown,
  next: () => unknown,
  onFailed: (error: unknown) => void,
): unknown {
  const run = new Once(next);
  let answer: unknown;
  try {
    answer = restore(() => run.call());
  } catch (error) {
    if (!run.threw(error)) onFailed(error);
    return run.call();
  }
  if (isThenable(answer) && answer !== run.value) return outlasting(answer, run, onFailed);
  if (!run.isCalled) onFailed(notCalled());
  return run.call();
}

async function outlasting(
  answer: PromiseLike<unknown>,
  run: Once,
  onFailed: (error: unknown) => void,
): Promise<unknown> {
  try {
    await answer;
    if (!run.isCalled) onFailed(notCalled());
  } catch (error) {
    if (!(await run.failedWith(error))) onFailed(error);
  }
  return run.call();
}

/** A call that is made once, and answers every time as it did then. */
class Once {
  isCalled = false;
  value: unknown;
  #error: { readonly thrown: unknown } | undefined;
  readonly #call: () => unknown;

  constructor(call: () => unknown) {
    this.#call = call;
  }

  call(): unknown {
    if (!this.isCalled) {
      this.isCalled = true;
      try {
        this.value = this.#call();
      } catch (error) {
        this.#error = { thrown: error };
      }
    }
    if (this.#error) throw this.#error.thrown;
    return this.value;
  }

  threw(error: unknown): boolean {
    return this.#error?.thrown === error && this.#error !== undefined;
  }

  /** Whether this is what it threw, or rejected with. */
  async failedWith(error: unknown): Promise<boolean> {
    if (!this.isCalled) return false;
    try {
      await this.call();
      return false;
    } catch (own) {
      return own === error;
    }
  }
}

function notCalled(): InvalidContextError {
  return new InvalidContextError(
    'restore() did not call next: the job runs without what this carrier restores',
  );
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function';
}
