import { Injectable } from '@nestjs/common';

/** What a worker did since it was last asked. */
export interface Tallied {
  readonly done: number;
  /** Of those, the jobs that somebody had taken before. */
  readonly again: number;
  /** Of those, the jobs that lost one of their attempts. */
  readonly charged: number;
}

/** Counts the jobs of one process. */
@Injectable()
export class Tally {
  #tallied: Tallied = { done: 0, again: 0, charged: 0 };

  count({ isAgain, isCharged }: { readonly isAgain: boolean; readonly isCharged: boolean }): void {
    const { done, again, charged } = this.#tallied;
    this.#tallied = { done: done + 1, again: again + Number(isAgain), charged: charged + Number(isCharged) };
  }

  take(): Tallied {
    const tallied = this.#tallied;
    this.#tallied = { done: 0, again: 0, charged: 0 };
    return tallied;
  }
}
