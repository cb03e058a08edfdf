import type { JobCarrier } from '../../core/job-carrier.js';

/**
 * What a run finds around it.
 * @publicApi
 */
export interface ContextOptions {
  /**
   * Whether `JobContext.current()` finds the run, however deep in its calls. On Node before 24 all promises of a
   * process cost more once anything follows async calls, as OpenTelemetry and `nestjs-cls` do as well.
   * @default false
   */
  readonly current?: boolean;
  /**
   * Whether what is logged inside of a run, through Nest's `Logger` or a `ConsoleLogger`, says so: a `ConsoleLogger` with `json` writes
   * the field `job: { id, name, attempt }`, all else gets `[name id attempt]` before the message. `JobEvents` then tells of lines
   * of `Logger` as `log`. Needs `current`. Turn it off where the application's logger asks `JobContext.current()` itself.
   * @default what `current` is
   */
  readonly logs?: boolean;
  /**
   * Have something of where a job is queued come along to its run: `TraceCarrier`, `ClsCarrier`, or your own. Every process
   * that queues or runs jobs needs the same. All of it together may have 8 KiB a job.
   * @default []
   */
  readonly carriers?: readonly JobCarrier[];
}
