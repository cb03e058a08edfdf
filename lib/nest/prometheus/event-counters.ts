import type { BackgroundJobEvent, EventSource } from '../events/job-events.js';
import { BoundedLabels } from './bounded-labels.js';
import type { Counter, Histogram } from './prometheus-client.js';
import type { PrometheusMaker } from './prometheus-maker.js';

/** Counters and histograms, fed by the events of this process. Never by records, which are removed in time. */
export class EventCounters {
  readonly #labels = new BoundedLabels(['queue', 'name']);
  readonly #enqueued: Counter;
  readonly #processed: Counter;
  readonly #rescued: Counter;
  readonly #outages: Counter;
  readonly #scheduleFailures: Counter;
  readonly #duration: Histogram;
  readonly #wait: Histogram;

  constructor(make: PrometheusMaker) {
    const job = ['queue', 'name'] as const;
    this.#enqueued = make.counter('enqueued_total', 'Jobs that this process queued', job);
    this.#processed = make.counter('processed_total', 'Runs of this process by how they ended', [
      ...job,
      'outcome',
    ]);
    this.#rescued = make.counter(
      'rescued_total',
      'Jobs of stalled processes that this one put back or ended',
      ['queue', 'name', 'state'],
    );
    this.#outages = make.counter('storage_outages_total', 'Times that the storage stopped to answer', []);
    this.#scheduleFailures = make.counter(
      'schedule_failures_total',
      'Times that a schedule could not make its job',
      [],
    );
    this.#duration = make.histogram('duration_seconds', 'How long runs took', [...job, 'outcome']);
    this.#wait = make.histogram('queue_wait_seconds', 'How long jobs waited from due to start', job);
  }

  /** Until the source is closed. */
  listen(source: EventSource): void {
    for (const kind of COUNTED) source.on(kind).subscribe((event) => this.#count(event as CountedEvent));
  }

  #count(event: CountedEvent): void {
    switch (event.kind) {
      case 'queued':
        return this.#enqueued.inc(this.#labels.of(event.job.queue, event.job.name));
      case 'started':
        return this.#wait.observe(this.#labels.of(event.job.queue, event.job.name), event.waited / 1000);
      case 'completed':
      case 'retrying':
      case 'dead':
      case 'snoozed':
      case 'cancelled': {
        const labels = { ...this.#labels.of(event.job.queue, event.job.name), outcome: event.kind };
        this.#duration.observe(labels, event.duration / 1000);
        return this.#processed.inc(labels);
      }
      case 'released':
      case 'lost':
        return this.#processed.inc({
          ...this.#labels.of(event.job.queue, event.job.name),
          outcome: event.kind,
        });
      case 'rescued':
        return this.#rescued.inc({ ...this.#labels.of(event.queue, event.name), state: event.state });
      case 'storage-down':
        return this.#outages.inc();
      case 'schedule-failed':
        return this.#scheduleFailures.inc();
    }
  }
}

const COUNTED = [
  'queued',
  'started',
  'completed',
  'retrying',
  'dead',
  'snoozed',
  'cancelled',
  'released',
  'lost',
  'rescued',
  'storage-down',
  'schedule-failed',
] as const satisfies readonly BackgroundJobEvent['kind'][];

type CountedEvent = Extract<BackgroundJobEvent, { readonly kind: (typeof COUNTED)[number] }>;
