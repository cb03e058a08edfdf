import { Injectable } from '@nestjs/common';
import { systemClock } from '../../core/clock.js';
import { describeFailure } from '../../core/failure.js';
import type { QueueStats } from '../../storage/inspection.js';
import { Storage } from '../../storage/storage.js';
import { Events } from '../../runtime/events.js';
import { StorageLink } from '../../runtime/storage-link.js';
import { WorkerState } from '../lifecycle/worker-state.js';
import { parseHealthOptions } from './health-options.js';
import type { HealthOptions, LivenessOptions, ReadinessOptions } from './health-options.js';
import type { HealthDetails, HealthReport, LivenessDetails, ReadinessDetails } from './health-report.js';
import { loopDelay } from './loop-delay.js';

// Health is about this process on this machine, so it goes by the machine's clock, also where a test has jobs go by another.
const clock = systemClock;

/** Nobody's id: to look for it costs next to nothing, and asks every storage in earnest, which its clock need not. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

/**
 * Tells whether the jobs are well, in the shape that Terminus 11 and later take, without needing Terminus. Injectable
 * wherever `QueueHandle` is:
 *
 *     @HealthCheck() @Get('ready') ready() {
 *       return this.health.check([() => this.jobs.isReady('jobs')]);
 *     }
 *
 * None of the three rejects because something is wrong: they resolve with `status: 'down'` and a `message`. They throw
 * `InvalidOptionError` for options that cannot be. All lengths in reports are milliseconds.
 * @publicApi
 */
@Injectable()
export class JobHealthIndicator {
  readonly #link: StorageLink;
  readonly #state: WorkerState;

  /** Not for applications: the module makes it. */
  constructor(storage: Storage, state: WorkerState) {
    this.#link = new StorageLink(storage, clock, new Events());
    this.#state = state;
  }

  /**
   * For liveness: a process that is down here is helped by a restart. So it asks no storage, whose outage would otherwise have
   * all processes restarted, and a process that drains is alive.
   */
  async isAlive<Key extends string>(
    key: Key,
    options: LivenessOptions = {},
  ): Promise<HealthReport<Key, LivenessDetails>> {
    const { maxLoopDelay } = parseHealthOptions(options, 'isAlive');
    const delay = await loopDelay(clock);
    return report(key, lateLoop(delay, maxLoopDelay), { stage: this.#state.stage, loopDelay: delay });
  }

  /** For readiness: down while the application starts and from the moment it drains, and while the storage does not answer. One cheap call. */
  async isReady<Key extends string>(
    key: Key,
    options: ReadinessOptions = {},
  ): Promise<HealthReport<Key, ReadinessDetails>> {
    const { timeout } = parseHealthOptions(options, 'isReady');
    const { stage } = this.#state;
    const storage = await this.#ask((asked) => asked.info([NOBODY]), timeout);
    return report(key, [...notUp(stage), ...storage.problems], { stage, ...storage.latency });
  }

  /**
   * For alerts and for people: all of it, and how long jobs have been waiting and who is there to take them. Counts the queues and lists the
   * runners, so rather every minute than every second.
   */
  async isHealthy<Key extends string>(
    key: Key,
    options: HealthOptions = {},
  ): Promise<HealthReport<Key, HealthDetails>> {
    const { timeout, maxLoopDelay, maxReadyAge, queues, minRunners } = parseHealthOptions(
      options,
      'isHealthy',
    );
    const { stage } = this.#state;
    const [delay, storage] = await Promise.all([
      loopDelay(clock),
      this.#ask((asked) => Promise.all([asked.now(), asked.stats(), asked.runners()]), timeout),
    ]);
    const problems = [...notUp(stage), ...lateLoop(delay, maxLoopDelay), ...storage.problems];
    const details: HealthDetails = { stage, loopDelay: delay, ...storage.latency };
    if (storage.answer === undefined) return report(key, problems, details);
    const [now, stats, { length: runners }] = storage.answer;
    const age = oldestReadyAge(stats, now, queues);
    if (age !== undefined && age > maxReadyAge) problems.push(`a job has been ready for ${age} ms`);
    if (runners < minRunners) problems.push(`${runners} live runners, of at least ${minRunners}`);
    return report(key, problems, {
      ...details,
      runners,
      ...(age === undefined ? {} : { oldestReadyAge: age }),
    });
  }

  async #ask<T>(send: (storage: Storage) => Promise<T>, limit: number): Promise<Asked<T>> {
    const start = clock.monotonic();
    try {
      const answer = await this.#link.call('health check', async (storage) => send(storage), { limit });
      return { answer, latency: { storageLatency: Math.round(clock.monotonic() - start) }, problems: [] };
    } catch (error) {
      return { latency: {}, problems: [describeFailure(error).message] };
    }
  }
}

interface Asked<T> {
  readonly answer?: T;
  readonly latency: { readonly storageLatency?: number };
  readonly problems: readonly string[];
}

function report<Key extends string, Details>(
  key: Key,
  problems: readonly string[],
  details: Details,
): HealthReport<Key, Details> {
  const verdict =
    problems.length === 0
      ? { status: 'up' as const }
      : { status: 'down' as const, message: problems.join('; ') };
  return { [key]: { ...verdict, ...details } } as HealthReport<Key, Details>;
}

function notUp(stage: string): readonly string[] {
  return stage === 'up' ? [] : [`the application is ${stage}`];
}

function lateLoop(delay: number, bound: number): readonly string[] {
  return delay > bound ? [`the event loop is ${delay} ms late`] : [];
}

/** Nobody takes jobs from a paused queue, and somebody wanted that. */
function oldestReadyAge(
  stats: readonly QueueStats[],
  now: number,
  queues: readonly string[] | undefined,
): number | undefined {
  const ages = stats
    .filter(({ queue, paused }) => paused === undefined && (queues === undefined || queues.includes(queue)))
    .flatMap(({ oldestReadyAt }) => (oldestReadyAt === undefined ? [] : Math.max(0, now - oldestReadyAt)));
  return ages.length === 0 ? undefined : Math.max(...ages);
}
