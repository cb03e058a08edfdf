/**
 * The option that was likely meant: the one with the same words, singular or plural (`maxRetry`), else the fewest slips away, else
 * the longest that has words too many or too few (`retries`, `queueName`) or was cut short (`prio`). A wrong guess misleads more
 * than none.
 */
export function nearestOf(option: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, far: farness(option, candidate) }))
    .filter(({ far }) => far < Infinity)
    .toSorted((a, b) => a.far - b.far || b.candidate.length - a.candidate.length);
  return ranked[0]?.candidate;
}

/**
 * Whether two names differ by no more than a slip of the fingers: one letter, two that changed places, or capitals. Not by their
 * numbers, which are there to tell names apart.
 */
export function isSlip(name: string, other: string): boolean {
  const [a, b] = [name, other].map((each) => each.toLowerCase()) as [string, string];
  return name !== other && slipsBetween(a, b) <= 1 && (a === b || withoutDigits(a) !== withoutDigits(b));
}

function withoutDigits(name: string): string {
  return name.replace(/\d/g, '');
}

/** Behind all that is a matter of slips. */
const PARTLY = Number.MAX_SAFE_INTEGER;
const SHORTEST_CUT = 3;

function farness(option: string, candidate: string): number {
  const [asked, meant] = [wordsOf(option), wordsOf(candidate)];
  if (asked.join() === meant.join()) return 0;
  const [a, b] = [option.toLowerCase(), candidate.toLowerCase()];
  const slips = slipsBetween(a, b);
  // Of short words almost any two are two letters apart: `rate` is no slip for `name`.
  if (slips <= Math.max(1, Math.floor(Math.max(a.length, b.length) / 3))) return slips;
  const isCut = a.length >= SHORTEST_CUT && b.startsWith(a);
  return isCut || isPart(asked, meant) || isPart(meant, asked) ? PARTLY : Infinity;
}

/** In small letters and the singular. */
function wordsOf(option: string): readonly string[] {
  const words = option.match(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+/g) ?? [option];
  return words.map((word) =>
    word
      .toLowerCase()
      .replace(/ies$/, 'y')
      .replace(/(?<!s)s$/, ''),
  );
}

/** Whether these are the first or the last of those words. */
function isPart(some: readonly string[], all: readonly string[]): boolean {
  return (
    some.every((word, nth) => word === all[nth]) ||
    some.every((word, nth) => word === all[all.length - some.length + nth])
  );
}

/** Damerau's distance: letters that are wrong, missing, too many, or swapped with their neighbour. */
function slipsBetween(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  const at = (i: number, j: number) => rows[i]?.[j] ?? Infinity;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const isSwapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(
        Math.min(
          at(i - 1, j - 1) + Number(a[i - 1] !== b[j - 1]),
          at(i - 1, j) + 1,
          at(i, j - 1) + 1,
          isSwapped ? at(i - 2, j - 2) + 1 : Infinity,
        ),
      );
    }
  }
  return at(a.length, b.length);
}
