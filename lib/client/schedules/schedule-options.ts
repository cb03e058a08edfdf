import { parseDuration, type Duration } from '../../core/duration.js';
import { InvalidOptionError } from '../../core/errors.js';
import { checkKnownOptions } from '../../core/known-options.js';
import { MOST_MISSED, type MissedPolicy, type OverlapPolicy } from '../../core/schedule.js';
import { QUEUE_OPTIONS, type ScheduleOptions } from '../enqueue/queue-options.js';

const LONGEST_JITTER = 24 * 3_600_000;

/** How a schedule deals with its ticks. @publicApi */
export interface TickOptions {
  /**
   * What happens with ticks that came while no process was there, once one is: `skip`, nothing; `last`, one job for
   * the newest of them; `all`, a job for each of the newest 1000; `{ all: n }`, of the newest n, from 1 to 1000. The
   * newest counts as late, not missed, within a minute.
   * @default 'last'
   */
  readonly missed?: MissedPolicy | 'all';
  /**
   * `skip` makes no job while the last one that the schedule made has not ended, whether it waits, runs or is to be
   * retried. Then missed ticks make one job together.
   * @default 'allow'
   */
  readonly overlap?: OverlapPolicy;
  /**
   * Moves the jobs of the schedule later by its own part of this length, the same for each tick and derived from
   * the key, so that many schedules of one time do not start at once. At most a day. `scheduledFor` stays the tick.
   * Of `every`, it moves the first tick and with it all others.
   * @default 0
   */
  readonly jitter?: Duration;
}

/** Options of `every`. @publicApi */
export interface EveryOptions extends Omit<ScheduleOptions, 'id' | 'transaction'>, TickOptions {
  /** Identifies the schedule in the whole cluster: declaring it again changes it. */
  readonly key: string;
}

/** Options of `cron`. @publicApi */
export interface CronOptions extends EveryOptions {
  /** IANA name of the time zone on whose wall the expression is read. @default 'UTC' */
  readonly timeZone?: string;
}

/** The options of a schedule, checked. Milliseconds. */
export interface ScheduleSettings {
  readonly missed: MissedPolicy;
  readonly overlap: OverlapPolicy;
  readonly jitter: number;
  readonly timeZone: string;
  /** What is left is for the jobs. */
  readonly job: Omit<ScheduleOptions, 'id' | 'transaction'>;
}

const OF_EVERY = ['key', 'missed', 'overlap', 'jitter'] as const satisfies (keyof EveryOptions)[];
const OF_ONE_JOB: readonly string[] = ['id', 'delay', 'runAt', 'transaction'];
const OF_JOBS = QUEUE_OPTIONS.filter((option) => !OF_ONE_JOB.includes(option));

/** Throws `InvalidOptionError` for what is unknown or impossible. */
export function parseScheduleOptions(
  options: Omit<CronOptions, 'key'>,
  kind: 'every' | 'cron',
  where: string,
): ScheduleSettings {
  checkKnownOptions(options, [...OF_EVERY, ...(kind === 'cron' ? ['timeZone'] : []), ...OF_JOBS], where);
  const { missed = 'last', overlap = 'allow', jitter = 0, timeZone = 'UTC' } = options;
  return {
    missed: parseMissed(missed, where),
    overlap: checkOverlap(overlap, where),
    jitter: parseJitter(jitter, where),
    timeZone,
    job: Object.fromEntries(
      OF_JOBS.flatMap((option) =>
        options[option as keyof typeof options] === undefined
          ? []
          : [[option, options[option as keyof typeof options]]],
      ),
    ),
  };
}

function parseMissed(missed: MissedPolicy | 'all', where: string): MissedPolicy {
  if (missed === 'skip' || missed === 'last') return missed;
  if (missed === 'all') return { all: MOST_MISSED };
  const count: unknown = (missed as { all?: unknown } | null)?.all;
  if (Number.isInteger(count) && (count as number) >= 1 && (count as number) <= MOST_MISSED) {
    return { all: count as number };
  }
  throw new InvalidOptionError(
    `${where}: missed ${JSON.stringify(missed)} is neither 'skip', 'last', 'all' nor { all: n } with n from 1 to ${MOST_MISSED}`,
  );
}

function checkOverlap(overlap: OverlapPolicy, where: string): OverlapPolicy {
  if (overlap === 'allow' || overlap === 'skip') return overlap;
  throw new InvalidOptionError(`${where}: overlap ${JSON.stringify(overlap)} is neither 'allow' nor 'skip'`);
}

function parseJitter(jitter: Duration, where: string): number {
  const length = parseDuration(jitter, `${where}: jitter`);
  if (length <= LONGEST_JITTER) return length;
  throw new InvalidOptionError(`${where}: a jitter of ${length} ms is longer than a day`);
}
