import type { Line } from './stage.js';

/** A moment at which a process was killed or frozen. */
export interface Silence {
  readonly pid: number;
  /** Milliseconds since the epoch, with fractions. */
  readonly at: number;
}

type Run = Required<Pick<Line, 'id' | 'pid' | 'at' | 'token'>>;

/** What the runners of all processes wrote of their runs, to be judged when all is over. */
export class RunHistory {
  readonly #runs = new Map<string, readonly Run[]>();
  readonly #ends = new Map<string, Line>();
  readonly #completed: readonly Line[];
  readonly #silences: readonly Silence[];

  constructor(lines: readonly Line[], silences: readonly Silence[]) {
    this.#silences = silences;
    this.#completed = lines.filter(({ kind }) => kind === 'completed');
    for (const line of lines) {
      if (['completed', 'lost', 'released'].includes(line.kind)) this.#ends.set(nameOf(line), line);
      if (line.kind !== 'started') continue;
      const { id = '', token = 0, pid, at } = line;
      this.#runs.set(id, [...(this.#runs.get(id) ?? []), { id, token, pid, at }]);
    }
    // A process that was frozen between its claim and its line wrote the line late.
    for (const [id, runs] of this.#runs)
      this.#runs.set(
        id,
        runs.toSorted((a, b) => a.token - b.token),
      );
  }

  /** Jobs of which two runs had one token. */
  sharedTokens(): readonly string[] {
    return this.#broken((runs) => runs.some((run, index) => run.token === runs[index - 1]?.token));
  }

  /** Jobs that an owner completed after another one had taken over, or that were completed twice, or run again. */
  completedByOthers(records: ReadonlyMap<string, number>): readonly string[] {
    const isWrong = (line: Line) => line.token !== records.get(line.id ?? '');
    const wrong = this.#completed.filter(isWrong).map(nameOf);
    const names = this.#completed.map(nameOf);
    const twice = names.filter((name, index) => names.indexOf(name) !== index);
    return [...wrong, ...twice, ...this.#broken((runs, id) => runs.at(-1)?.token !== records.get(id))];
  }

  /** Jobs that began to run again sooner than that after a run that did not give them back. */
  begunWithin(milliseconds: number): readonly string[] {
    return this.#broken((runs) =>
      runs.some((run, index) => {
        const next = runs[index + 1];
        if (next === undefined || this.#ends.get(nameOf(run))?.kind === 'released') return false;
        return next.at - run.at < milliseconds && !this.#isLate(run);
      }),
    );
  }

  /** For each run that a killed or frozen process left, the milliseconds until its job ran again. */
  recoveries(records: ReadonlyMap<string, number>): readonly number[] {
    return this.#silences.flatMap(({ pid, at }) =>
      [...this.#runs.values()].flatMap((runs) => {
        const left = runs.find((run) => run.pid === pid && run.at < at && !this.#hasEnded(run, at));
        // One that was completed just before, with no time left to say so, was not left.
        if (left === undefined || left.token === records.get(left.id)) return [];
        const next = runs.find(({ token }) => token > left.token);
        return [next === undefined ? Infinity : next.at - at];
      }),
    );
  }

  #broken(isBroken: (runs: readonly Run[], id: string) => boolean): readonly string[] {
    const broken = [...this.#runs].filter(([id, runs]) => isBroken(runs, id));
    return broken.map(
      ([id, runs]) => `${id}: ${runs.map(({ token, pid, at }) => `${token} by ${pid} at ${at}`).join()}`,
    );
  }

  #hasEnded(run: Run, by: number): boolean {
    const end = this.#ends.get(nameOf(run));
    return end !== undefined && end.at < by;
  }

  #isLate(run: Run): boolean {
    return this.#silences.some(({ pid, at }) => pid === run.pid && at < run.at && run.at - at < LATE);
  }
}

/** Milliseconds: longer than any process is frozen. */
const LATE = 3_000;

function nameOf({ id, token }: Pick<Line, 'id' | 'token'>): string {
  return `${id} ${token}`;
}
