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
}
