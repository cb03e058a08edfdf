import { Observable, Subject, Subscription } from 'rxjs';
import type { QueuedEvent } from '../../client/enqueue/queued-event.js';
import { InvalidJobError } from '../../core/errors.js';
import { definitionOf, type JobClass } from '../../core/job-definition.js';
import type { RunnerEvent } from '../../runtime/runner-event.js';
import { GuardedObservable } from './guarded-observable.js';

/**
 * What this process has to tell of jobs, of its runner and of its storage.
 * @publicApi
 */
export type BackgroundJobEvent = QueuedEvent | RunnerEvent;

/**
 * What one can listen for: a kind of event, or `failed`, which is every failed run, whatever follows from it:
 * `retrying` or `dead`.
 * @publicApi
 */
export type EventSelector = BackgroundJobEvent['kind'] | 'failed';

/**
 * The events that a selector stands for.
 * @publicApi
 */
export type EventOf<Selector extends EventSelector> = Extract<
  BackgroundJobEvent,
  { readonly kind: Selector extends 'failed' ? 'retrying' | 'dead' : Selector }
>;

/** The selectors of events that belong to one job. @publicApi */
export type JobEventSelector = 'failed' | Exclude<BackgroundJobEvent['kind'], ProcessEventKind>;

type ProcessEventKind = 'storage-down' | 'storage-up' | 'loop-blocked' | 'schedule-failed';

/**
 * News as it happens, for the application's own code: injectable wherever `QueueHandle` is.
 *
 * **It tells of this process alone**: the jobs that its workers run, and those that its `QueueHandle` queued. Where others
 * work too, each hears its own; `JobInspector` sees all. An event comes once, after the storage has recorded what it
 * tells; what happens while nobody listens, or as the process dies, is not told later. For what must not be missed,
 * queue a job.
 *
 * Listeners are called one after another, on the same turn as the work: be quick, or hand over. One that throws or
 * rejects harms nobody: it is logged. The stream completes when the application has closed. Kinds of events that
 * nobody listens for are not made.
 * @publicApi
 */
export class JobEvents {
  readonly #source: EventSource;

  /** Not for applications: the module makes it. */
  constructor(source: EventSource) {
    this.#source = source;
  }

  /** All events. Whoever listens here has each job cost a little more, so better name what you want. */
  get all(): Observable<BackgroundJobEvent> {
    return this.#source.all;
  }

  /**
   * Events of one kind, perhaps of one class of jobs only. Throws `InvalidJobError` when that is none.
   *
   *     events.on('dead', Charge).subscribe(({ job, failure }) => …);
   */
  on<Selector extends JobEventSelector>(
    selector: Selector,
    jobClass: JobClass,
  ): Observable<EventOf<Selector>>;
  on<Selector extends EventSelector>(selector: Selector): Observable<EventOf<Selector>>;
  on<Selector extends EventSelector>(selector: Selector, jobClass?: JobClass): Observable<EventOf<Selector>> {
    return this.#source.on(selector, jobClass) as Observable<EventOf<Selector>>;
  }
}

/** Where the events come from. */
export class EventSource {
  readonly #byKind = new Map<string, Subject<BackgroundJobEvent>>();
  readonly #everything = new Subject<BackgroundJobEvent>();
  readonly #onError: (event: string, error: unknown) => void;

  constructor(onError: (event: string, error: unknown) => void) {
    this.#onError = onError;
  }

  get all(): Observable<BackgroundJobEvent> {
    return this.#guarded('all events', (subscriber) => this.#everything.subscribe(subscriber));
  }

  on(selector: EventSelector, jobClass?: JobClass): Observable<BackgroundJobEvent> {
    const kinds = selector === 'failed' ? FAILED : [selector];
    const isMeant = filterOf(selector, jobClass);
    return this.#guarded(`'${selector}'`, (subscriber) => {
      const subscription = new Subscription();
      for (const kind of kinds) {
        const next = (event: BackgroundJobEvent) => isMeant(event) && subscriber.next(event);
        subscription.add(this.#subject(kind).subscribe({ next, complete: () => subscriber.complete() }));
      }
      return subscription;
    });
  }

  /** Whether anybody listens for it just now. */
  hears(kind: BackgroundJobEvent['kind']): boolean {
    return this.#everything.observed || this.#byKind.get(kind)?.observed === true;
  }

  emit(event: BackgroundJobEvent): void {
    this.#byKind.get(event.kind)?.next(event);
    this.#everything.next(event);
  }

  /** Nothing more will come. */
  close(): void {
    for (const subject of [this.#everything, ...this.#byKind.values()]) subject.complete();
  }

  #subject(kind: string): Subject<BackgroundJobEvent> {
    const subject = this.#byKind.get(kind) ?? new Subject<BackgroundJobEvent>();
    this.#byKind.set(kind, subject);
    return subject;
  }

  #guarded(
    what: string,
    subscribe: ConstructorParameters<typeof GuardedObservable<BackgroundJobEvent>>[1],
  ): Observable<BackgroundJobEvent> {
    return new GuardedObservable((error) => this.#onError(what, error), subscribe);
  }
}

const FAILED = ['retrying', 'dead'] as const;

function filterOf(selector: string, jobClass: JobClass | undefined): (event: BackgroundJobEvent) => boolean {
  if (jobClass === undefined) return () => true;
  const definition = definitionOf(jobClass);
  if (definition === undefined) {
    throw new InvalidJobError(`Events: ${jobClass.name}, named for '${selector}', is no job`);
  }
  const names = new Set<string | undefined>([definition.name, ...definition.aliases]);
  return (event) => names.has(nameIn(event));
}

function nameIn(event: BackgroundJobEvent): string | undefined {
  if ('job' in event) return event.job.name;
  return 'name' in event ? event.name : undefined;
}
