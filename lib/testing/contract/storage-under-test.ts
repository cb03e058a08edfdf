import type { Clock } from '../../core/clock.js';
import type { Storage } from '../../storage/storage.js';

/**
 * A storage as its author hands it to the contract: made anew, on data of its own, for every case.
 * @publicApi
 */
export interface StorageUnderTest {
  /** Another object that is not opened: on the same data when the storage is shared or durable. */
  create(): Storage;
  /** Moves time on for all of them by at least that many milliseconds; waits where it cannot be moved. */
  advance(milliseconds: number): Promise<void>;
  /** The clock that `create` gives its storages, for runners to share. @default the machine's */
  readonly clock?: Clock;
  /** Time cannot be moved, so that cases about hours are left out, and say so. */
  readonly realTime?: boolean;
  /**
   * Begins a transaction of the caller's own, for storages with the capability `transactions`: one that the storage
   * created first can join.
   */
  transaction?(): Promise<OpenTransaction>;
  /** Removes the data. Called once, after everything made by `create` is closed. */
  dispose(): Promise<void>;
}

/**
 * A transaction that the caller began.
 * @publicApi
 */
export interface OpenTransaction {
  /** What `push` and `complete` get. */
  readonly handle: unknown;
  commit(): Promise<void>;
  rollback(): Promise<void>;
}
