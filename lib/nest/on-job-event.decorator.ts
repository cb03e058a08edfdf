import { InvalidOptionError } from '../core/errors.js';
import type { JobClass } from '../core/job-definition.js';
import { checkKnownOptions } from '../core/known-options.js';
import type { EventOf, EventSelector, JobEventSelector } from './events/job-events.js';

/** Options of `@OnJobEvent`. @publicApi */
export interface OnJobEventOptions {
  /** Only events of this class of jobs. @default all */
  readonly job?: JobClass;
}

/**
 * Has a method of a provider called with each event of a kind, such as `@OnJobEvent('dead', { job: Charge })`, from
 * before the workers start until the application has closed. May be repeated on one method. What holds for the streams
 * of `JobEvents` holds here.
 *
 * The provider has to be a singleton, or booting fails with `InvalidOptionError`: an event belongs to no request. Nest
 * makes modules that are loaded lazily when the listeners are bound already: use `JobEvents` there.
 * @publicApi
 */
export function OnJobEvent<Selector extends JobEventSelector>(
  selector: Selector,
  options: OnJobEventOptions,
): ListenerDecorator<Selector>;
export function OnJobEvent<Selector extends EventSelector>(selector: Selector): ListenerDecorator<Selector>;
export function OnJobEvent(
  selector: EventSelector,
  options: OnJobEventOptions = {},
): ListenerDecorator<EventSelector> {
  checkKnownOptions(options, ['job'], '@OnJobEvent');
  return (prototype, method) => {
    if (typeof prototype === 'function') throw new InvalidOptionError('@OnJobEvent: the method is static');
    const declared = listeners.get(prototype) ?? [];
    listeners.set(prototype, [{ selector, jobClass: options.job, method }, ...declared]);
  };
}

/** The listeners among the methods of an object, inherited ones included. */
export function listenersOf(prototype: unknown): readonly DeclaredListener[] {
  const found: DeclaredListener[] = [];
  for (let at = prototype; typeof at === 'object' && at !== null; at = Object.getPrototypeOf(at) as unknown) {
    found.push(...(listeners.get(at) ?? []));
  }
  return found;
}

/** A method that is to be called with events. */
export interface DeclaredListener {
  readonly selector: EventSelector;
  readonly jobClass: JobClass | undefined;
  readonly method: string | symbol;
}

const listeners = new WeakMap<object, readonly DeclaredListener[]>();

// No TypedPropertyDescriptor: its setter would want methods that return exactly unknown, which an async one does not.
type ListenerDecorator<Selector extends EventSelector> = (
  prototype: object,
  method: string | symbol,
  descriptor: { readonly value?: (event: EventOf<Selector>) => unknown },
) => void;
