/**
 * Has something of where a job is queued come along to where it runs: a trace, a tenant, who asked. Several carriers stand
 * around a run in their order, the first outermost.
 *
 * One that throws harms nothing: the job is queued, or runs, without what it carries, and that is told.
 * @publicApi
 */
export interface JobCarrier<Value = unknown> {
  /** Whose values these are, in every process: short, and the same from version to version. */
  readonly name: string;
  /** Awaited once, at boot: for what has to be loaded first. Rejecting fails the boot. */
  prepare?(): Promise<void>;
  /**
   * Called within `queue()` and its like, once per call, as its jobs are stored: those of a batch or a flow carry the same. Returns a plain JSON
   * value, or `undefined` when there is nothing to carry. Schedules have no caller: their jobs carry nothing.
   */
  capture(): Value | undefined;
  /**
   * Called when a run begins, before anything is injected. Calls `next` within what it restores, also when `value` is
   * `undefined`: nothing was captured. What it returns is dropped, but for a promise: the run ends no sooner than that.
   */
  restore(value: Value | undefined, next: () => unknown): unknown;
}
