import { StorageUnavailableError } from '../core/errors.js';
import type { SignalListener } from '../storage/signal.js';
import { InterceptedStorage, type StorageCall } from './intercepted-storage.js';

/**
 * How a call goes wrong. `refused`: nothing happened, and the caller is told. `unanswered`: it happened, but the
 * reply is lost and the caller sees a failure. `hanging`: nothing happens and no answer comes until `heal`, which
 * refuses it. `delayed`: it happens once there is a `heal`.
 * @publicApi
 */
export type Fault = 'refused' | 'unanswered' | 'hanging' | 'delayed';

/**
 * The calls that can go wrong: all that ask the storage for something.
 * @publicApi
 */
export type FaultyCall = StorageCall;

interface Trouble {
  readonly fault: Fault;
  readonly calls: readonly FaultyCall[] | undefined;
  left: number;
}

/**
 * A storage that works until it is told to break, in the ways that networks and servers break. Signals are not
 * passed on while everything hangs or is refused.
 * @publicApi
 */
export class FaultyStorage extends InterceptedStorage {
  readonly #waiting = new Set<() => void>();
  #trouble: Trouble | undefined;

  /**
   * From now on the calls named, or all, go wrong in this way: the next `times` of them, or all until `heal`.
   * Replaces what was told before.
   */
  break(fault: Fault, calls?: readonly FaultyCall[], times = Infinity): void {
    this.#trouble = { fault, calls, left: times };
  }

  /** All is well again. Calls that hang are refused, for their connection is gone; those delayed go through. */
  heal(): void {
    this.#trouble = undefined;
    for (const go of this.#waiting) go();
    this.#waiting.clear();
  }

  /** Calls that hang or are delayed now. */
  get waiting(): number {
    return this.#waiting.size;
  }

  override subscribe(listener: SignalListener) {
    return this.inner.subscribe((signal) => {
      if (this.#trouble === undefined || this.#trouble.calls !== undefined) listener(signal);
    });
  }

  protected async intercept<T>(call: StorageCall, send: () => Promise<T>): Promise<T> {
    const fault = this.#faultOf(call);
    if (fault === undefined) return send();
    if (fault === 'unanswered') await send();
    if (fault === 'hanging' || fault === 'delayed') {
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
    if (fault === 'delayed') return send();
    throw new StorageUnavailableError(`The ${this.name} storage was told to break: ${call} ${fault}`);
  }

  #faultOf(call: FaultyCall): Fault | undefined {
    const trouble = this.#trouble;
    if (trouble === undefined || (trouble.calls && !trouble.calls.includes(call))) return undefined;
    trouble.left -= 1;
    if (trouble.left <= 0) this.#trouble = undefined;
    return trouble.fault;
  }
}
