import { parseDuration, type Duration } from '../../core/duration.js';
import { InvalidOptionError } from '../../core/errors.js';
import { checkKnownOptions } from '../../core/known-options.js';

/** What `isAlive` counts as too much. @publicApi */
export interface LivenessOptions {
  /** How late a timer may come. @default no bound: a loop that stands still answers no probe at all */
  readonly maxLoopDelay?: Duration;
}

/** What `isReady` counts as too much. @publicApi */
export interface ReadinessOptions {
  /** How long the storage may take to answer. Keep it below the timeout of the probe. @default '2s' */
  readonly timeout?: Duration;
}

/** What `isHealthy` counts as too much. @publicApi */
export interface HealthOptions extends LivenessOptions, ReadinessOptions {
  /** How long the oldest ready job may have been waiting. Paused queues do not count. @default no bound */
  readonly maxReadyAge?: Duration;
  /** Of which queues. @default all */
  readonly queues?: readonly string[];
  /** How many live runners there have to be, of all processes. @default 0 */
  readonly minRunners?: number;
}

/** The same, complete and checked. Milliseconds; `Infinity` where there is no bound. */
export interface HealthBounds {
  readonly maxLoopDelay: number;
  readonly timeout: number;
  readonly maxReadyAge: number;
  readonly queues: readonly string[] | undefined;
  readonly minRunners: number;
}

const LIVENESS = ['maxLoopDelay'] as const satisfies readonly (keyof LivenessOptions)[];
const READINESS = ['timeout'] as const satisfies readonly (keyof ReadinessOptions)[];
const HEALTH = [
  ...LIVENESS,
  ...READINESS,
  'maxReadyAge',
  'queues',
  'minRunners',
] as const satisfies readonly (keyof HealthOptions)[];

const KNOWN = { isAlive: LIVENESS, isReady: READINESS, isHealthy: HEALTH };

/** Throws `InvalidOptionError`, naming what is unknown or impossible. */
export function parseHealthOptions(options: HealthOptions, method: keyof typeof KNOWN): HealthBounds {
  checkKnownOptions(options, KNOWN[method], `${method}()`);
  const { maxLoopDelay, timeout = '2s', maxReadyAge, queues, minRunners = 0 } = options;
  if (!Number.isInteger(minRunners) || minRunners < 0) {
    throw new InvalidOptionError(
      `${method}(): minRunners ${String(minRunners)} is not a whole number from 0 up`,
    );
  }
  return {
    maxLoopDelay: maxLoopDelay === undefined ? Infinity : parseDuration(maxLoopDelay, 'maxLoopDelay'),
    timeout: parseDuration(timeout, 'timeout'),
    maxReadyAge: maxReadyAge === undefined ? Infinity : parseDuration(maxReadyAge, 'maxReadyAge'),
    queues,
    minRunners,
  };
}
