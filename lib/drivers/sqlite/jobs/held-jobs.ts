/** Past this many, what is remembered is given up: leases that were lost are not all reported. */
const MOST = 50_000;

/** Where a job is stored. */
export interface Place {
  readonly seq: number;
  readonly lane: number;
  /** The id of its group. */
  readonly grp: number | null;
  /** What it has to do with other jobs; null where nothing. */
  readonly edges: number | null;
}

/**
 * Where the jobs are that were claimed here, so that their ends need not be looked up by id. It saves time and
 * proves nothing: whoever writes to such a place still asks for the token.
 */
export class HeldJobs {
  readonly #places = new Map<string, Place>();

  remember(id: string, place: Place): void {
    if (this.#places.size >= MOST) this.#places.clear();
    this.#places.set(id, place);
  }

  /** The place, which is forgotten: a run ends once. */
  take(id: string): Place | undefined {
    const place = this.#places.get(id);
    if (place !== undefined) this.#places.delete(id);
    return place;
  }

  forget(id: string): void {
    this.#places.delete(id);
  }

  /** After a rollback a `seq` may be given again, to another job. */
  forgetAll(): void {
    this.#places.clear();
  }
}
