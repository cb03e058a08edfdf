import { Cron } from 'croner';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkCron, CronTimes } from '../../../lib/core/cron.js';
import { InvalidOptionError } from '../../../lib/core/errors.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Expression, where to begin, and the times that follow: of the wall there, with its offset. */
type Golden = readonly [expression: string, from: string, ...times: string[]];

const goldens: Readonly<Record<string, readonly Golden[]>> = {
  'America/Godthab': [
    // Spring: 23:00-02 becomes 00:00-01, so that what is left out is the end of a day.
    ['0 23 * * *', '2026-03-28T12:00-02', '2026-03-29T00:00-01', '2026-03-29T23:00-01'],
    ['0,30 23 * * *', '2026-03-28T12:00-02', '2026-03-29T00:00-01', '2026-03-29T23:00-01'],
    ['0 22,23 * * *', '2026-03-28T12:00-02', '2026-03-28T22:00-02', '2026-03-29T00:00-01'],
    ['15 30 23 * * *', '2026-03-28T12:00-02', '2026-03-29T00:00-01', '2026-03-29T23:30:15-01'],
    ['0 23 * * 6', '2026-03-23T12:00-02', '2026-03-29T00:00-01', '2026-04-04T23:00-01'],
    ['0 0 * * *', '2026-03-28T12:00-02', '2026-03-29T00:00-01', '2026-03-30T00:00-01'],
    ['*/30 23 * * *', '2026-03-28T12:00-02', '2026-03-29T23:00-01', '2026-03-29T23:30-01'],
  ],
  'America/New_York': [
    // Spring: 02:00-05 becomes 03:00-04.
    ['30 2 * * *', '2026-03-07T12:00-05', '2026-03-08T03:00-04', '2026-03-09T02:30-04'],
    ['0,30 2 * * *', '2026-03-07T12:00-05', '2026-03-08T03:00-04', '2026-03-09T02:00-04'],
    ['0 2,3 * * *', '2026-03-07T12:00-05', '2026-03-08T03:00-04', '2026-03-09T02:00-04'],
    ['0 2 * * 0', '2026-03-02T00:00-05', '2026-03-08T03:00-04', '2026-03-15T02:00-04'],
    ['30 1 * * *', '2026-03-07T12:00-05', '2026-03-08T01:30-05', '2026-03-09T01:30-04'],
    [
      '30 * * * *',
      '2026-03-08T01:00-05',
      '2026-03-08T01:30-05',
      '2026-03-08T03:30-04',
      '2026-03-08T04:30-04',
    ],
    ['*/20 2 * * *', '2026-03-07T12:00-05', '2026-03-09T02:00-04', '2026-03-09T02:20-04'],
    ['0 */2 * * *', '2026-03-07T23:00-05', '2026-03-08T00:00-05', '2026-03-08T04:00-04'],
    ['15 30 2 * * *', '2026-03-07T12:00-05', '2026-03-08T03:00-04', '2026-03-09T02:30:15-04'],
    // Autumn: 02:00-04 becomes 01:00-05.
    ['30 1 * * *', '2026-10-31T12:00-04', '2026-11-01T01:30-04', '2026-11-02T01:30-05'],
    [
      '0,30 1 * * *',
      '2026-10-31T12:00-04',
      '2026-11-01T01:00-04',
      '2026-11-01T01:30-04',
      '2026-11-02T01:00-05',
    ],
    ['0 2 * * *', '2026-10-31T12:00-04', '2026-11-01T02:00-05', '2026-11-02T02:00-05'],
    [
      '0 0-3 * * *',
      '2026-11-01T00:30-04',
      '2026-11-01T01:00-04',
      '2026-11-01T02:00-05',
      '2026-11-01T03:00-05',
    ],
    [
      '30 * * * *',
      '2026-11-01T01:00-04',
      '2026-11-01T01:30-04',
      '2026-11-01T01:30-05',
      '2026-11-01T02:30-05',
    ],
    [
      '*/30 1 * * *',
      '2026-11-01T01:15-04',
      '2026-11-01T01:30-04',
      '2026-11-01T01:00-05',
      '2026-11-01T01:30-05',
    ],
  ],
  'Europe/London': [
    // Spring: 01:00+00 becomes 02:00+01.
    ['30 1 * * *', '2026-03-28T12:00+00', '2026-03-29T02:00+01', '2026-03-30T01:30+01'],
    ['0 1 * * *', '2026-03-28T12:00+00', '2026-03-29T02:00+01', '2026-03-30T01:00+01'],
    ['45 * * * *', '2026-03-29T00:00+00', '2026-03-29T00:45+00', '2026-03-29T02:45+01'],
    ['0 3 * * *', '2026-03-28T12:00+00', '2026-03-29T03:00+01', '2026-03-30T03:00+01'],
    // Autumn: 02:00+01 becomes 01:00+00.
    ['30 1 * * *', '2026-10-24T12:00+01', '2026-10-25T01:30+01', '2026-10-26T01:30+00'],
    [
      '45 * * * *',
      '2026-10-25T01:00+01',
      '2026-10-25T01:45+01',
      '2026-10-25T01:45+00',
      '2026-10-25T02:45+00',
    ],
  ],
  'Australia/Lord_Howe': [
    // Half an hour. Spring: 02:00+10:30 becomes 02:30+11.
    ['15 2 * * *', '2026-10-03T12:00+10:30', '2026-10-04T02:30+11', '2026-10-05T02:15+11'],
    ['30 2 * * *', '2026-10-03T12:00+10:30', '2026-10-04T02:30+11', '2026-10-05T02:30+11'],
    [
      '*/15 * * * *',
      '2026-10-04T01:30+10:30',
      '2026-10-04T01:45+10:30',
      '2026-10-04T02:30+11',
      '2026-10-04T02:45+11',
    ],
    // Autumn: 02:00+11 becomes 01:30+10:30.
    ['45 1 * * *', '2026-04-04T12:00+11', '2026-04-05T01:45+11', '2026-04-06T01:45+10:30'],
    [
      '*/15 1 * * *',
      '2026-04-05T01:30+11',
      '2026-04-05T01:45+11',
      '2026-04-05T01:30+10:30',
      '2026-04-05T01:45+10:30',
    ],
  ],
  'Asia/Tokyo': [
    ['30 2 * * *', '2026-03-07T12:00+09', '2026-03-08T02:30+09', '2026-03-09T02:30+09'],
    [
      '0 */6 * * *',
      '2026-10-31T23:00+09',
      '2026-11-01T00:00+09',
      '2026-11-01T06:00+09',
      '2026-11-01T12:00+09',
    ],
  ],
  'Africa/Cairo': [
    // Midnight itself is left out: 00:00+02 becomes 01:00+03.
    ['0 0 * * *', '2026-04-23T12:00+02', '2026-04-24T01:00+03', '2026-04-25T00:00+03'],
    ['@daily', '2026-04-23T12:00+02', '2026-04-24T01:00+03', '2026-04-25T00:00+03'],
  ],
  'Pacific/Apia': [
    // The whole of the 30th was left out, at the date line: a day that never was has no times.
    ['0 12 * * *', '2011-12-29T11:00-10', '2011-12-29T12:00-10', '2011-12-31T12:00+14'],
  ],
  UTC: [
    ['30 1 31 * *', '2026-01-31T02:00Z', '2026-03-31T01:30Z', '2026-05-31T01:30Z'],
    ['0 0 29 2 *', '2026-01-01T00:00Z', '2028-02-29T00:00Z', '2032-02-29T00:00Z'],
    ['0 0 L * *', '2026-02-01T00:00Z', '2026-02-28T00:00Z', '2026-03-31T00:00Z'],
    ['0 9 * * MON-FRI', '2026-01-02T12:00Z', '2026-01-05T09:00Z', '2026-01-06T09:00Z'],
    // As cron has it: day of the month or day of the week, where both are given.
    ['0 0 13 * 5', '2026-01-01T00:00Z', '2026-01-02T00:00Z', '2026-01-09T00:00Z', '2026-01-13T00:00Z'],
    [
      '*/20 * * * * *',
      '2026-01-01T00:00Z',
      '2026-01-01T00:00:20Z',
      '2026-01-01T00:00:40Z',
      '2026-01-01T00:01Z',
    ],
  ],
};

describe.each(Object.entries(goldens))('cron on a wall in %s', (timeZone, rows) => {
  it.each(rows)('%s after %s', (expression, from, ...expected) => {
    const times = new CronTimes(expression, timeZone);
    const found: number[] = [];
    let last: number | undefined = instant(from);
    while (found.length < expected.length && (last = times.after(last)) !== undefined) found.push(last);
    expect(found.map(iso)).toEqual(expected.map((time) => iso(instant(time))));
    expect(times.newest(expected.length, instant(from) + 1, found.at(-1) ?? 0)).toEqual(found);
  });
});

describe('cron, in any zone and year', () => {
  const zone = fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...Intl.supportedValuesOf('timeZone'), 'UTC') },
    fc.constantFrom('America/Godthab', 'Australia/Lord_Howe', 'Pacific/Apia'),
  );
  const someTime = fc.integer({ min: Date.UTC(1975, 0, 1), max: Date.UTC(2045, 0, 1) });
  const field = (max: number) =>
    fc.oneof(fc.nat(max).map(String), fc.constantFrom('*', `*/${Math.ceil(max / 4)}`));
  const expression = fc.tuple(field(59), field(23)).map(([minute, hour]) => `${minute} ${hour} * * *`);

  it('the next tick is always later, and no moment between finds another one', () => {
    fc.assert(
      fc.property(zone, expression, someTime, fc.nat(999), (timeZone, text, from, share) => {
        const times = new CronTimes(text, timeZone);
        const next = times.after(from) ?? 0;
        expect(next).toBeGreaterThan(from);
        expect(next % 1000).toBe(0);
        const between = from + Math.floor(((next - from - 1) * share) / 999);
        expect(times.after(between)).toBe(next);
        expect(times.newest(1, from + 1, next)).toEqual([next]);
        expect(times.newest(1, from + 1, next - 1)).toEqual([]);
      }),
      { numRuns: 150 },
    );
  }, 30_000);

  it('steps through each change of the clocks as the wall itself tells, minute by minute', () => {
    const fixed = fc.tuple(
      fc.constantFrom('0', '30', '0,30', '15', '59'),
      fc.constantFrom('0', '1', '2', '1,2', '0-3', '23'),
    );
    const wild = fc.constantFrom(
      ...['* *', '30 *', '*/15 1', '*/20 2', '0 */2', '7 1-23/2'].map((text) => text.split(' ')),
    );
    const parts = fc.oneof(fixed, wild).map(([minute, hour]) => `${minute} ${hour} * * *`);
    const year = fc.integer({ min: 1975, max: 2045 });
    let changes = 0;
    fc.assert(
      fc.property(zone, year, parts, (timeZone, inYear, text) => {
        for (const change of changesOf(timeZone, inYear)) {
          changes += 1;
          const from = Math.floor(change / MINUTE) * MINUTE - 26 * HOUR;
          const until = from + 52 * HOUR;
          const expected = readOffTheWall(text, timeZone, from, until);
          const times = new CronTimes(text, timeZone);
          const found: number[] = [];
          for (let next = times.after(from); next !== undefined && next <= until; next = times.after(next))
            found.push(next);
          expect(found.map(iso)).toEqual(expected.map(iso));
          expect(times.newest(5_000, from + 1, until)).toEqual(found);
        }
      }),
      { numRuns: 30 },
    );
    expect(changes).toBeGreaterThan(5);
  }, 60_000);
});

describe('an expression that is refused', () => {
  const now = Date.UTC(2026, 0, 1);
  it.each([
    ['* * *', 'is not a cron expression'],
    ['60 * * * *', 'Invalid value for minute: 60'],
    ['*/0 * * * *', 'illegal stepping'],
    ['0 0 31 2 *', 'never comes'],
    ['0 0 31 4,6,9,11 *', 'never comes'],
    ['* * * * * * 2030', 'requires exactly 5 or 6 parts'],
    ['@reboot', '@reboot is not supported'],
    ['2030-01-01T00:00:00', 'A date is no expression'],
    ['', 'must not be empty'],
    ['0 0 * * *\n', 'control character'],
    [`${'0,'.repeat(200)}0 * * * *`, 'at most 255 are allowed'],
    [5, 'must be text'],
  ])('%s', (expression, message) => {
    const check = () => checkCron(expression as string, 'UTC', now, 'cron()');
    expect(check).toThrow(InvalidOptionError);
    expect(check).toThrow(message);
  });

  it.each(['Mars/Olympus', '', '+01:00', 5, undefined, null])('in the time zone %s', (timeZone) => {
    const check = () => checkCron('0 0 * * *', timeZone as string, now, 'cron()');
    expect(check).toThrow(InvalidOptionError);
    expect(check).toThrow('cron(): timeZone');
  });

  it('costs little time, however long or odd', () => {
    for (const text of ['*'.repeat(50_000), `${'1-'.repeat(120)} * * * *`, `${'*/'.repeat(120)} * * * *`]) {
      expect(() => checkCron(text, 'UTC', now, 'cron()')).toThrow(InvalidOptionError);
    }
  });

  it('does not depend on where the process is', () => {
    const times = new CronTimes('0 3 * * *', 'UTC');
    const before = process.env.TZ;
    try {
      for (const home of ['Australia/Sydney', 'America/New_York', 'UTC']) {
        process.env.TZ = home;
        expect(iso(times.after(Date.UTC(2026, 9, 3)) ?? 0)).toBe('2026-10-03T03:00:00.000Z');
        expect(iso(new CronTimes('30 2 * * *', 'Europe/London').after(Date.UTC(2026, 2, 28, 12)) ?? 0)).toBe(
          '2026-03-29T01:30:00.000Z',
        );
      }
    } finally {
      if (before === undefined) delete process.env.TZ;
      else process.env.TZ = before;
    }
  });
});

function instant(text: string): number {
  return Date.parse(/[+-]\d\d$/.test(text) ? `${text}:00` : text);
}

function iso(time: number): string {
  return new Date(time).toISOString();
}

/** What a clock on the wall shows, as if it were UTC. */
function wallTime(timeZone: string, time: number): number {
  const parts = formatOf(timeZone).format(time).match(/\d+/g)?.map(Number) ?? [];
  const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

const formats = new Map<string, Intl.DateTimeFormat>();
function formatOf(timeZone: string): Intl.DateTimeFormat {
  const format =
    formats.get(timeZone) ??
    new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  formats.set(timeZone, format);
  return format;
}

/** When the wall's clock was changed in a year, within a second. */
function changesOf(timeZone: string, year: number): number[] {
  const offsetAt = (time: number) => wallTime(timeZone, time) - time;
  const days = Array.from({ length: 366 }, (_, day) => Date.UTC(year, 0, 1 + day));
  return days.flatMap((day) => {
    let [before, after] = [day, day + 24 * HOUR];
    const offset = offsetAt(before);
    if (offset === offsetAt(after)) return [];
    while (after - before > 1000) {
      const middle = Math.floor((before + after) / 2000) * 1000;
      if (offsetAt(middle) === offset) before = middle;
      else after = middle;
    }
    return [after];
  });
}

/** The rule itself, walked minute by minute: what the library has to agree with. */
function readOffTheWall(expression: string, timeZone: string, from: number, until: number): number[] {
  const onTheWall = new Cron(expression, { utcOffset: 0, paused: true });
  const fits = (wall: number) => onTheWall.match(new Date(wall));
  const isFixed = !/[*/]/.test(expression.split(' ').slice(0, 2).join(''));
  const found: number[] = [];
  let shown = wallTime(timeZone, from);
  for (let time = from + MINUTE; time <= until; time += MINUTE) {
    const wall = wallTime(timeZone, time);
    // A day that never was has no times.
    if (wall - shown > 20 * HOUR) shown = wall - MINUTE;
    // A fixed time comes once it is reached or passed over, and not when it is shown again.
    let isDue = !isFixed && fits(wall);
    for (let passed = isFixed ? shown + MINUTE : Infinity; passed <= wall; passed += MINUTE)
      isDue ||= fits(passed);
    if (isDue) found.push(time);
    shown = Math.max(shown, wall);
  }
  return found;
}
