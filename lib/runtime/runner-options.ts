import { hostname } from 'node:os';
import { pid } from 'node:process';
import type { Backoff } from '../core/backoff.js';
import { systemChance, systemClock, type Chance, type Clock } from '../core/clock.js';
import { DuplicateJobError, InvalidOptionError } from '../core/errors.js';
import type { JobCarrier } from '../core/job-carrier.js';
import type { PerJob } from '../core/job-definition.js';
import { createIdGenerator } from '../core/job-id.js';
import { checkKnownOptions } from '../core/known-options.js';
import { checkName } from '../core/name.js';
import type { PayloadCodec } from '../core/payload.js';
import { DEFAULT_MAX_STALLS } from '../core/settlement.js';
import type { Storage } from '../storage/storage.js';
import type { JobHandler } from './handler.js';
import type { RunnerEvent } from './runner-event.js';

/**
 * What a `Runner` needs to know. All lengths are milliseconds.
 * @publicApi
 */
export interface RunnerOptions {
  /** Opened and closed by whoever made it; it must be open before `start`. */
  readonly storage: Storage;
  /** One for each job name that this process runs. Jobs of other names stay for others. */
  readonly handlers: readonly JobHandler[];
  /** Jobs run at the same time per queue, from 1 to 1000. */
  readonly queues: Readonly<Record<string, number>>;
  /**
   * Queues that have limits: of these, as of queues whose jobs have groups, no job is claimed before a slot is free for it, since
   * it would take a place from others while it waits.
   * @default none
   */
  readonly limited?: readonly string[];
  /**
   * Queues of which code that has ignored its signal for `abortGrace` loses its slot, as many as the queue has slots at most. Elsewhere it
   * holds its slot until it ends.
   * @default none
   */
  readonly releaseStuck?: readonly string[];
  /** A job whose runner shows no sign of life for this long is given to another; from 200. @default 30_000 */
  readonly lease?: number;
  /** Lost leases in a row that a job is forgiven; with one more it is dead, so it starts once more often. @default 3 */
  readonly maxStalls?: number;
  /** How long `stop` lets runs go on undisturbed. @default 20_000 */
  readonly grace?: number;
  /** How long a run may take to end once its signal aborted. @default 5_000 */
  readonly abortGrace?: number;
  /** How long a job waits at most when no signal of it came through. @default 1_000 */
  readonly pollInterval?: number;
  /**
   * Whether `JobContext.current()` finds runs. On Node before 24 all promises of a process cost more once anything
   * follows async calls.
   * @default false
   */
  readonly tracksRuns?: boolean;
  /** Restore, around each run, what the same carriers captured when its job was queued. */
  readonly carriers?: readonly JobCarrier[];
  /** Decodes payloads; the one they were encoded with. */
  readonly codec?: PayloadCodec;
  /** Asked for jobs whose backoff is custom and whose own definition has none. */
  readonly backoff?: PerJob<object, Backoff>;
  readonly clock?: Clock;
  readonly chance?: Chance;
  /** Makes the ids of the runner and of scheduled jobs. @default UUIDv7 */
  readonly createId?: () => string;
  /** Called with all news; what it throws is ignored. */
  readonly onEvent?: (event: RunnerEvent) => void;
  /**
   * Whether anybody wants to know of this kind of news just now: what nobody wants is not made.
   * @default all kinds, while there is an `onEvent`
   */
  readonly hears?: (kind: RunnerEvent['kind']) => boolean;
  /** How this process is shown to others. @default the host's name and the process id */
  readonly info?: { readonly host: string; readonly pid: number };
}

/**
 * What a `Runner` is to take on beside what it was made with.
 * @publicApi
 */
export type MoreWork = Pick<RunnerOptions, 'handlers'> & Partial<Pick<RunnerOptions, 'queues'>>;

/** The same, complete and checked. */
export interface RunnerSettings extends Required<Omit<RunnerOptions, 'handlers' | Optional>> {
  /** By name; more may come. */
  readonly handlers: Map<string, JobHandler>;
  readonly codec: PayloadCodec | undefined;
  readonly backoff: PerJob<object, Backoff> | undefined;
  readonly onEvent: ((event: RunnerEvent) => void) | undefined;
  readonly hears: ((kind: RunnerEvent['kind']) => boolean) | undefined;
}

/** Throws `InvalidOptionError` or `DuplicateJobError`, naming what is wrong. */
export function resolveRunnerOptions(options: RunnerOptions): RunnerSettings {
  checkKnownOptions(options, KNOWN, 'Runner');
  checkQueues(options.queues);
  const { clock = systemClock, chance = systemChance } = options;
  return {
    storage: options.storage,
    handlers: byName(options.handlers),
    queues: options.queues,
    limited: options.limited ?? [],
    releaseStuck: options.releaseStuck ?? [],
    lease: length(options, 'lease', 30_000, 200),
    maxStalls: length(options, 'maxStalls', DEFAULT_MAX_STALLS, 0),
    grace: length(options, 'grace', 20_000, 0),
    abortGrace: length(options, 'abortGrace', 5_000, 0),
    pollInterval: length(options, 'pollInterval', 1_000, 1),
    tracksRuns: options.tracksRuns ?? false,
    carriers: options.carriers ?? [],
    codec: options.codec,
    backoff: options.backoff,
    clock,
    chance,
    createId: options.createId ?? createIdGenerator(clock, chance),
    onEvent: options.onEvent,
    hears: options.hears,
    info: options.info ?? { host: hostname(), pid },
  };
}

type Optional = 'codec' | 'backoff' | 'onEvent' | 'hears';
const KNOWN: readonly (keyof RunnerOptions)[] = [
  ...([
    'storage',
    'handlers',
    'queues',
    'limited',
    'releaseStuck',
    'lease',
    'maxStalls',
    'grace',
    'abortGrace',
    'pollInterval',
    'tracksRuns',
    'carriers',
  ] as const),
  ...(['codec', 'backoff', 'clock', 'chance', 'createId', 'onEvent', 'hears', 'info'] as const),
];

const MOST_SLOTS = 1000;

function checkQueues(queues: Readonly<Record<string, number>>): void {
  for (const [queue, slots] of Object.entries(queues)) {
    checkName(queue, 'The name of a queue');
    if (Number.isInteger(slots) && slots >= 1 && slots <= MOST_SLOTS) continue;
    throw new InvalidOptionError(
      `Runner: queue '${queue}' has ${slots} slots; use a whole number from 1 to ${MOST_SLOTS}`,
    );
  }
}

/** The settings with more in them, and the queues that are new. Throws as above, and then changes nothing. */
export function extendSettings(
  settings: RunnerSettings,
  { handlers, queues = {} }: MoreWork,
): readonly [RunnerSettings, newQueues: Readonly<Record<string, number>>] {
  checkQueues(queues);
  const more = byName(handlers, settings.handlers);
  const newQueues = Object.fromEntries(
    Object.entries(queues).filter(([queue]) => !Object.hasOwn(settings.queues, queue)),
  );
  // The map itself, since the parts of a running session look there.
  for (const [name, handler] of more) settings.handlers.set(name, handler);
  return [{ ...settings, queues: { ...settings.queues, ...newQueues } }, newQueues];
}

function byName(
  handlers: readonly JobHandler[],
  present: ReadonlyMap<string, JobHandler> = new Map(),
): Map<string, JobHandler> {
  const map = new Map<string, JobHandler>();
  for (const handler of handlers) {
    const { name, aliases } = handler.definition;
    for (const known of [name, ...aliases]) {
      if (map.has(known) || present.has(known))
        throw new DuplicateJobError(`Job '${known}' has two handlers`);
      map.set(known, handler);
    }
  }
  return map;
}

function length(
  options: RunnerOptions,
  option: 'lease' | 'maxStalls' | 'grace' | 'abortGrace' | 'pollInterval',
  fallback: number,
  least: number,
): number {
  const value = options[option] ?? fallback;
  if (Number.isFinite(value) && value >= least) return value;
  throw new InvalidOptionError(`Runner: ${option} ${String(value)} is not a number from ${least}`);
}
