const HOUR = 3_600_000;
/** Further from the instant at which it shows a time than any time zone is from UTC. */
const APART = 26 * HOUR;
/** A jump this long is a day that never was. */
const LONGEST_GAP = 20 * HOUR;

/** A clock on the wall of a time zone. What it shows is in milliseconds since the epoch, as if it were UTC. */
export class WallClock {
  readonly #format: Intl.DateTimeFormat;

  constructor(timeZone: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      ...{ timeZone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric' },
      ...{ hour: 'numeric', minute: 'numeric', second: 'numeric', fractionalSecondDigits: 3 },
    });
  }

  shownAt(time: number): number {
    const parts = new Map(this.#format.formatToParts(time).map(({ type, value }) => [type, Number(value)]));
    const get = (part: Intl.DateTimeFormatPartTypes) => parts.get(part) ?? 0;
    const day = [get('year'), get('month') - 1, get('day')] as const;
    return Date.UTC(...day, get('hour'), get('minute'), get('second'), get('fractionalSecond'));
  }

  /**
   * When it was put forward past a time that it never shows; `undefined` for one that it shows, and for one of a day that a
   * country left out.
   */
  passedOverAt(shown: number): number | undefined {
    const [before, after] = [this.#offsetAt(shown - APART), this.#offsetAt(shown + APART)];
    if (after <= before || after - before > LONGEST_GAP) return undefined;
    if (this.shownAt(shown - before) === shown || this.shownAt(shown - after) === shown) return undefined;
    let [early, late] = [shown - after, shown - before];
    while (late - early > 1) {
      const middle = Math.floor((early + late) / 2);
      if (this.#offsetAt(middle) === after) late = middle;
      else early = middle;
    }
    return late;
  }

  #offsetAt(time: number): number {
    return this.shownAt(time) - time;
  }
}
