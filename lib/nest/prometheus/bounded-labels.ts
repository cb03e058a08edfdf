const MOST = 1_000;
const OTHER = '(other)';

/**
 * Keeps the number of time series within bounds, whatever queues and names jobs choose: the first thousand combinations have a
 * label of their own, all that come later share one.
 */
export class BoundedLabels<Label extends string> {
  readonly #known = new Map<string, Readonly<Record<Label, string>>>();
  readonly #names: readonly Label[];
  readonly #most: number;

  /** The names of the labels. */
  constructor(names: readonly Label[], most = MOST) {
    this.#names = names;
    this.#most = most;
  }

  /** The labels to use for these values, in the order of the names. */
  of(...values: readonly string[]): Readonly<Record<Label, string>> {
    const key = values.join('\0');
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= this.#most) return this.#label(() => OTHER);
    const labels = this.#label((nth) => values[nth] ?? '');
    this.#known.set(key, labels);
    return labels;
  }

  #label(value: (nth: number) => string): Readonly<Record<Label, string>> {
    return Object.fromEntries(this.#names.map((name, nth) => [name, value(nth)])) as Record<Label, string>;
  }
}
