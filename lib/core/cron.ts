import { Cron } from 'croner';
import { InvalidOptionError } from './errors.js';
import { checkName } from './name.js';
import { WallClock } from './wall-clock.js';

/** A process parses few expressions, and asks each of them at every tick. */
const CACHED = 1000;
const parsed = new Map<string, Parsed>();

interface Parsed {
  readonly cron: Cron;
  /** Of fixed times. */
  readonly wall?: Wall;
}

/**
 * The times that a cron expression names, as a clock on the wall of the time zone shows them. Always whole
 * seconds; all arguments and results are milliseconds since the epoch.
 *
 * When clocks are changed, a fixed time (no star or step in the seconds, minutes and hours) comes once a day all
 * the same: at the first valid instant if it was left out, at the first of two if it came twice. An expression with
 * a star or a step goes by elapsed time: it comes whenever the wall shows a time that fits.
 */
export class CronTimes {
  readonly #cron: Cron;
  readonly #wall: Wall | undefined;

  constructor(expression: string, timeZone: string) {
    const { cron, wall } = parse(expression, timeZone);
    this.#cron = cron;
    this.#wall = wall;
  }

  /** The first time after `time`; `undefined` when none comes. */
  after(time: number): number | undefined {
    const next = this.#cron.nextRun(new Date(time))?.getTime();
    const leftOut = this.#wall?.leftOutAfter(time);
    return leftOut === undefined ? next : Math.min(leftOut, next ?? Infinity);
  }

  /** At most `count` times, the newest from `from` up to `until`, oldest first. */
  newest(count: number, from: number, until: number): readonly number[] {
    const times: number[] = [];
    for (let before = until + 1; times.length < count;) {
      const time = this.#before(before);
      if (time === undefined || time < from) break;
      times.unshift(time);
      before = time;
    }
    return times;
  }

  #before(time: number): number | undefined {
    const last = this.#cron.previousRuns(1, new Date(time))[0]?.getTime();
    const leftOut = this.#wall?.leftOutBefore(time);
    return leftOut === undefined ? last : Math.max(leftOut, last ?? -Infinity);
  }
}

/**
 * The fixed times of an expression as a wall shows them. The engine forgets one that is left out at the end of a day, since
 * the first valid instant is of the next day, which it then finds not to fit; in Nuuk that is so each spring.
 */
class Wall {
  readonly #clock: WallClock;
  readonly #shown: Cron;

  /** `shown`: the expression, on a wall whose clock is never changed. */
  constructor(timeZone: string, shown: Cron) {
    this.#clock = new WallClock(timeZone);
    this.#shown = shown;
  }

  /** When the next time is passed over; `undefined` where it is shown, as nearly always. */
  leftOutAfter(time: number): number | undefined {
    const next = this.#shown.nextRun(new Date(this.#clock.shownAt(time)));
    return next ? this.#clock.passedOverAt(next.getTime()) : undefined;
  }

  leftOutBefore(time: number): number | undefined {
    const [last] = this.#shown.previousRuns(1, new Date(this.#clock.shownAt(time - 1) + 1));
    return last && this.#clock.passedOverAt(last.getTime());
  }
}

/**
 * Throws `InvalidOptionError` for an expression that cannot be read or never comes, and for a time zone that this
 * machine does not know.
 *
 * @param now milliseconds since the epoch: from when on it has to come
 */
export function checkCron(expression: string, timeZone: string, now: number, where: string): void {
  checkTimeZone(timeZone, where);
  checkName(expression, `${where}: the cron expression`);
  // Its length is bounded by that too, so that nothing keeps the parser busy.
  if (comesAfter(expression, timeZone, now, where)) return;
  throw new InvalidOptionError(`${where}: the cron expression '${expression}' never comes`);
}

function comesAfter(expression: string, timeZone: string, now: number, where: string): boolean {
  try {
    return new CronTimes(expression, timeZone).after(now) !== undefined;
  } catch (error) {
    throw new InvalidOptionError(
      `${where}: '${expression}' is not a cron expression. ${(error as Error).message}`,
      { cause: error },
    );
  }
}

// The engine takes '+01:00' for a time zone in some versions and not in others, and an empty one for its own.
function checkTimeZone(timeZone: unknown, where: string): void {
  try {
    if (typeof timeZone === 'string' && /^[a-z]/i.test(timeZone)) {
      Intl.DateTimeFormat('en-US', { timeZone });
      return;
    }
  } catch {
    // Told below, in our own words.
  }
  throw new InvalidOptionError(
    `${where}: timeZone ${JSON.stringify(timeZone)} is unknown. Use an IANA name such as 'Europe/London' or 'UTC'`,
  );
}

function parse(expression: string, timeZone: string): Parsed {
  const key = `${timeZone} ${expression}`;
  const known = parsed.get(key);
  if (known) return known;
  // A date would be taken for an expression that comes once.
  if (/^\s*\d+-\d+-\d+T/i.test(expression)) throw new RangeError('A date is no expression');
  const options = { mode: '5-or-6-parts', paused: true } as const;
  const cron = new Cron(expression, { ...options, timezone: timeZone, fixedTimeRule: 'no-wildcard' });
  const answer = isFixed(expression)
    ? { cron, wall: new Wall(timeZone, new Cron(expression, { ...options, utcOffset: 0 })) }
    : { cron };
  if (parsed.size >= CACHED) parsed.clear();
  parsed.set(key, answer);
  return answer;
}

/** No star or step in the seconds, minutes and hours. */
function isFixed(expression: string): boolean {
  const fields = expression.trim().split(/\s+/);
  return fields.length >= 5 && !/[*/?]/.test(fields.slice(0, -3).join(''));
}
