/** What a test has planned to go wrong with the next runs, by name of the job. */
export class PlannedTrouble {
  readonly #failures = new Map<string, { readonly error: unknown; left: number }[]>();
  readonly #repetitions = new Map<string, number>();

  fail(name: string, error: unknown, times: number): void {
    this.#failures.set(name, [...(this.#failures.get(name) ?? []), { error, left: times }]);
  }

  repeat(name: string, times: number): void {
    this.#repetitions.set(name, (this.#repetitions.get(name) ?? 0) + times);
  }

  /** What the run that begins now is to throw. */
  takeFailure(name: string): { readonly error: unknown } | undefined {
    const [next, ...rest] = this.#failures.get(name) ?? [];
    if (next === undefined) return undefined;
    next.left -= 1;
    if (next.left <= 0) this.#failures.set(name, rest);
    return next;
  }

  /** Whether the run that begins now is to be repeated, though it ends well. */
  takeRepetition(name: string): boolean {
    const left = this.#repetitions.get(name) ?? 0;
    if (left > 0) this.#repetitions.set(name, left - 1);
    return left > 0;
  }
}
