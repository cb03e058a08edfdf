import type { Signal } from '../../storage/signal.js';
import { settle } from '../../core/settlement.js';
import type { LeasedJob } from '../../core/job.js';
import type { RunnerInfo } from '../../storage/claims.js';
import type { Deaths } from '../deaths.js';
import type { Events } from '../events.js';
import { callOfRuns } from '../run-scope.js';
import type { RunnerSettings } from '../runner-options.js';
import type { Service } from '../service.js';
import type { StorageLink } from '../storage-link.js';
import type { Execution } from './execution.js';
import { FetchLoop } from './fetch-loop.js';
import { Floor } from './floor.js';
import { Heartbeat } from './heartbeat.js';
import { Interruptions } from './interruptions.js';
import { JointCompletions } from './joint-completions.js';
import { Leases } from './leases.js';
import { Outbox } from './outbox.js';
import { PrefetchWatch } from './prefetch-watch.js';
import { Progress } from './progress.js';
import { RunDeadlines } from './run-deadlines.js';
import { Slots } from './slots.js';

/** A storage that hands out a job nobody here asked for gets it back for this long. Milliseconds. */
const UNKNOWN_FOR = 5_000;

/** Gets jobs done: the parts that claim, run, keep alive and record, and how they stop one after the other. */
export class Worker implements Service {
  readonly #settings: RunnerSettings;
  readonly #slots = new Map<string, Slots>();
  readonly #link: StorageLink;
  readonly #leases: Leases;
  readonly #deadlines: RunDeadlines;
  readonly #progress: Progress;
  readonly #floor: Floor;
  readonly #interruptions: Interruptions;
  readonly #waits: PrefetchWatch;
  readonly #fetch: FetchLoop;
  readonly #heartbeat: Heartbeat;

  constructor(
    settings: RunnerSettings,
    runner: RunnerInfo,
    link: StorageLink,
    events: Events,
    deaths: Deaths,
  ) {
    const { clock, chance, lease, handlers } = settings;
    this.#settings = settings;
    const slots = this.#slots;
    this.#furnish(settings.queues);
    const outbox = new Outbox();
    this.#link = link;
    this.#leases = new Leases(clock, lease, (execution) => this.#interruptions.lose(execution));
    this.#deadlines = new RunDeadlines({
      clock,
      abortGrace: settings.abortGrace,
      onTimeout: (execution, abort) => this.#interruptions.timeOut(execution, abort),
      onStuck: (execution) => this.#interruptions.stuck(execution),
    });
    this.#progress = new Progress(link, clock);
    this.#floor = new Floor({
      clock,
      chance,
      events,
      deaths,
      handlers,
      outbox,
      codec: settings.codec,
      call: callOfRuns(settings, events),
      backoff: settings.backoff,
      slots,
      leases: this.#leases,
      deadlines: this.#deadlines,
      progress: this.#progress,
      joint: new JointCompletions(link),
      onEnd: () => this.#fetch.soon(),
      onFree: () => this.#fetch.wake(),
      onUnknown: (job) => this.#putOff(job),
    });
    this.#interruptions = new Interruptions(this.#floor, this.#deadlines, events);
    this.#waits = new PrefetchWatch(this.#floor, slots, clock);
    this.#fetch = new FetchLoop({
      link,
      clock,
      chance,
      outbox,
      slots,
      pollInterval: settings.pollInterval,
      floor: this.#floor,
      leases: this.#leases,
      waits: this.#waits,
      runner,
      lease,
    });
    this.#heartbeat = new Heartbeat({
      link,
      clock,
      chance,
      events,
      runner,
      lease,
      leases: this.#leases,
      onLost: (execution) => this.#interruptions.lose(execution),
      onCancelled: (execution, reason) => this.#interruptions.cancel(execution, reason),
    });
  }

  start(): void {
    this.#heartbeat.start();
    this.#fetch.start();
  }

  /** Gives further queues slots, and asks at once for what may be new. */
  add(queues: Readonly<Record<string, number>>): void {
    this.#furnish(queues);
    this.#heartbeat.wake();
    this.wake();
  }

  hear(signal: Signal): void {
    if (signal.kind === 'ready' && this.#floor.serves(signal.queues)) this.wake();
    if (signal.kind === 'cancel' && this.#leases.size > 0) this.#heartbeat.wake();
  }

  wake(): void {
    this.#fetch.wake();
  }

  /** All code at work. */
  running(): readonly Execution[] {
    return this.#floor.running();
  }

  /** Claims nothing more and gives back what waits; what runs goes on. */
  stopClaiming(): void {
    this.#fetch.stopClaiming();
    this.#floor.close();
  }

  /** Resolves when no run is left whose end matters. */
  whenIdle(): Promise<void> {
    return this.#floor.whenIdle();
  }

  abortRunning(): void {
    this.#interruptions.shutDown();
  }

  /** Gives back the jobs whose code did not end. */
  abandonRunning(): void {
    this.#interruptions.abandon();
  }

  /** Resolves when every end is recorded. */
  whenRecorded(): Promise<void> {
    return this.#fetch.whenQuiet();
  }

  stop(): void {
    this.#heartbeat.stop();
    this.#fetch.stop();
    this.#waits.stop();
    this.#progress.stop();
    this.#deadlines.stop();
    this.#leases.stop();
  }

  #furnish(queues: Readonly<Record<string, number>>): void {
    const { limited, releaseStuck } = this.#settings;
    for (const [queue, limit] of Object.entries(queues)) {
      this.#slots.set(queue, new Slots(queue, limit, limited.includes(queue), releaseStuck.includes(queue)));
    }
  }

  #putOff(job: LeasedJob): void {
    const settlement = settle(job, { kind: 'snoozed', delay: UNKNOWN_FOR }, 0);
    this.#link.call('fetch', (storage) => storage.complete([{ lease: job, settlement }])).catch(() => {});
  }
}
