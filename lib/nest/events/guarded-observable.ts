import { Observable, Subscriber, type Observer, type Operator, type Subscription } from 'rxjs';

/**
 * A stream whose listeners harm nobody. RxJS throws what a listener throws once more from a timer, and a listener that
 * is async rejects where nobody looks: either ends the process, and its running jobs with it.
 */
export class GuardedObservable<T> extends Observable<T> {
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void, subscribe?: (subscriber: Subscriber<T>) => Subscription) {
    super(subscribe);
    this.#onError = onError;
  }

  /** Has what operators make of this stream guarded as well. */
  override lift<R>(operator?: Operator<T, R>): Observable<R> {
    const lifted = new GuardedObservable<R>(this.#onError);
    lifted.source = this;
    lifted.operator = operator;
    return lifted;
  }

  override subscribe(observer?: Partial<Observer<T>> | ((value: T) => void) | null): Subscription {
    // The inner part of an operator: what stands at the end of the chain is guarded.
    if (observer instanceof Subscriber) return super.subscribe(observer);
    const listener = typeof observer === 'function' ? { next: observer } : (observer ?? {});
    const onError = this.#onError;
    return super.subscribe({
      next: (value) => guard(() => listener.next?.(value), onError),
      error: (error: unknown) => guard(() => (listener.error ?? onError)(error), onError),
      complete: () => guard(() => listener.complete?.(), onError),
    });
  }
}

/** Calls, and hands over what was thrown or rejected. */
export function guard(call: () => unknown, onError: (error: unknown) => void): void {
  try {
    const answer = call();
    if (isThenable(answer)) Promise.resolve(answer).catch(onError);
  } catch (error) {
    onError(error);
  }
}

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value;
}
