import type { UniqueClaim } from '../../storage/new-job.js';
import type { Placed } from './indexed-heap.js';
import { OrderedLine } from './ordered-line.js';
import type { StoredJob } from './stored-job.js';

/** Which job holds which unique key: as its state says, or for a time, whatever becomes of the job. */
export class UniqueKeys {
  readonly #holders = new Map<string, StoredJob>();
  readonly #timed = new Map<string, Hold>();
  readonly #byTime = new OrderedLine<Hold>((a, b) => a.until < b.until);

  /** The id of the job that holds the key; the job may be gone. */
  holderOf(key: string, now: number): string | undefined {
    this.forget(now);
    return (this.#holders.get(key) ?? this.#timed.get(key))?.id;
  }

  take(job: StoredJob, claim: UniqueClaim, now: number): void {
    if (typeof claim.while === 'string') return void this.#holders.set(claim.key, job);
    const hold = new Hold(claim.key, job.id, now + claim.while.for);
    this.#timed.set(claim.key, hold);
    this.#byTime.add(hold);
  }

  /** A job that lives again holds its key again, unless another has it by now. */
  retake(job: StoredJob, now: number): void {
    const unique = job.extras?.unique;
    if (unique?.while === 'live' && this.holderOf(unique.key, now) === undefined)
      this.#holders.set(unique.key, job);
  }

  /** Only its own: somebody else may have the key by now. */
  release(job: StoredJob): void {
    const key = job.extras?.unique?.key;
    if (key !== undefined && this.#holders.get(key) === job) this.#holders.delete(key);
  }

  /** Keys whose time is over. */
  forget(now: number): void {
    for (let hold = this.#byTime.first; hold !== undefined && hold.until <= now; hold = this.#byTime.first) {
      this.#byTime.remove(hold);
      this.#timed.delete(hold.key);
    }
  }
}

class Hold implements Placed {
  place = -1;

  constructor(
    readonly key: string,
    readonly id: string,
    readonly until: number,
  ) {}
}
