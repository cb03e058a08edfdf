export { BackgroundJobsModule } from './nest/background-jobs.module.js';
export type {
  BackgroundJobsExtras,
  BackgroundJobsOptions,
  BackgroundJobsOptionsFactory,
  ConfiguredJob,
  EnhancerKind,
  ShutdownOptions,
  WorkerOptions,
} from './nest/background-jobs-options.js';

export type { ContextOptions } from './nest/context/context-options.js';
export { ClsCarrier, type ClsCarrierOptions } from './nest/context/cls-carrier.js';
export { ClsTransactions, type ClsTransactionsOptions } from './nest/context/cls-transactions.js';
export type { AmbientTransactions } from './client/enqueue/ambient-transactions.js';
export { TraceCarrier, type TraceContext } from './nest/context/trace-carrier.js';
export type { JobCarrier } from './core/job-carrier.js';
export { getInstanceToken, InjectQueueHandle } from './nest/modules/instance-token.js';
export { Job, type JobDecoratorOptions } from './nest/job.decorator.js';
export { Cron, Every, type ClassCronOptions, type ClassEveryOptions } from './nest/schedule.decorators.js';
export { JobExecutionContext } from './nest/enhancers/job-execution-context.js';
export { JobHandler, type JobRunner } from './nest/job-handler.decorator.js';
export {
  JobEvents,
  type BackgroundJobEvent,
  type EventOf,
  type EventSelector,
  type JobEventSelector,
} from './nest/events/job-events.js';
export { OnDead } from './nest/on-dead.decorator.js';
export type { JobDeath } from './core/job-death.js';
export { OnJobEvent, type OnJobEventOptions } from './nest/on-job-event.decorator.js';
export { JobHealthIndicator } from './nest/health/job-health-indicator.js';
export type { HealthOptions, LivenessOptions, ReadinessOptions } from './nest/health/health-options.js';
export type {
  HealthDetails,
  HealthReport,
  LivenessDetails,
  ReadinessDetails,
} from './nest/health/health-report.js';
export { runWorker } from './nest/worker-process/run-worker.js';
export type { ProbeOptions, RunWorkerOptions } from './nest/worker-process/run-worker-options.js';
export { JobMetrics } from './nest/prometheus/job-metrics.js';
export type { PrometheusOptions, PrometheusRegistry } from './nest/prometheus/prometheus-options.js';
export type { OpenTelemetryOptions } from './nest/telemetry/open-telemetry-options.js';
export type { WorkerStage } from './nest/lifecycle/worker-state.js';
export type { QueuedEvent, QueuedJob } from './client/enqueue/queued-event.js';
export type { AbortKind, JobEvent, JobReference, ProcessEvent, RunnerEvent } from './runtime/runner-event.js';
export type { InjectToken, OptionalToken } from './nest/injection/inject-token.js';
export { JobContext } from './core/job-context.js';
export { Snooze } from './core/snooze.js';
export type { JobClassOptions, JobOptions, PerJob } from './core/job-definition.js';
export type { DebounceOptions, ThrottleOptions, UniqueOptions } from './core/unique-options.js';
export type { OrderOption } from './core/order-options.js';
export type { RateOption } from './core/rate-option.js';
export type { ResultOf } from './core/job-result.js';
export { Backoff, type BackoffFunction, type BackoffOptions } from './core/backoff.js';
export { MaxRetries } from './core/max-retries.js';
export type { Duration } from './core/duration.js';
export type { KeepOptions } from './core/keep.js';
export type { CronTiming, EveryTiming, MissedPolicy, OverlapPolicy, Timing } from './core/schedule.js';
export type { PayloadCodec, PayloadOwner, StoredPayloadOwner } from './core/payload.js';
export { AesGcmCodec, type AesGcmCodecOptions } from './codec/aes-gcm-codec.js';
export type { Upcasts } from './core/payload-form.js';
export type { SchemaIssue, SchemaResult, StandardSchema } from './core/standard-schema.js';

export { QueueHandle } from './client/queue-handle.js';
export type { BatchEnds, FlowOptions, FlowStep, QueuedFlow } from './client/enqueue/flow-steps.js';
export { inParallel, inSequence, type FlowPart } from './client/enqueue/flow-parts.js';
export type { End, Need } from './core/dependency.js';
export type { ParentJob, ParentResults } from './core/parent-job.js';
export type { WaitOptions } from './client/wait/job-waits.js';
export type {
  BatchOptions,
  QueueAndWaitOptions,
  QueueOptions,
  ScheduleOptions,
} from './client/enqueue/queue-options.js';
export {
  ScheduleControl,
  type PreviewOptions,
  type ScheduleControlOptions,
} from './client/schedule-control.js';
export type { ScheduleInfo } from './client/schedules/schedule-info.js';
export type { CronOptions, EveryOptions, TickOptions } from './client/schedules/schedule-options.js';
export type { JobFailure, JobInfo } from './client/inspect/job-info.js';
export type { QueueSummary } from './client/inspect/queue-summary.js';
export { JobInspector, type JobIds, type JobInspectorOptions } from './client/job-inspector.js';
export type { JobFilter } from './client/inspect/job-filter.js';
export type { CountOptions, JobCount, JobInfoPage, PageOptions } from './client/inspect/job-listing.js';
export type { ActionResult } from './client/inspect/job-action.js';
export type {
  BulkBatch,
  BulkOptions,
  BulkSummary,
  CancelOptions,
  DryRun,
  DryRunOptions,
  StartAgainOptions,
} from './client/inspect/bulk-action.js';
export type {
  DeathCause,
  RedriveDryRunOptions,
  RedriveOptions,
  RedrivePreview,
  RedriveTarget,
} from './client/inspect/redrive.js';
export type { GroupSummary } from './client/inspect/group-summary.js';
export type { LimitOptions, QueueLimitsOptions } from './client/inspect/queue-limits-options.js';
export type { Explanation, Reason } from './client/inspect/explanation.js';
export type { RunnersOptions, RunnerSummary } from './client/inspect/runner-summary.js';
export type { Pushed } from './storage/new-job.js';
export type { CancelResult, Ended, QueueLimits } from './storage/inspection.js';
export type { Rate } from './core/rate.js';
export type { DeadReason, JobState, Failure, RecordedFailure } from './core/job.js';

export { Storage, type TransactionOf } from './storage/storage.js';
export { JobOutbox } from './storage/job-outbox.js';
export { OutboxStorage, type OutboxStorageOptions } from './outbox/outbox-storage.js';
export type { Capabilities } from './storage/capabilities.js';
export { MemoryStorage } from './drivers/memory/memory-storage.js';

export {
  JobCancelledError,
  JobRefusedError,
  JobTimeoutError,
  LeaseLostError,
  NonRetryableError,
  RetryAfterError,
  ShutdownError,
} from './core/run-errors.js';
export { JobDeadError, JobUnknownError, ResultLostError, WaitTimeoutError } from './core/wait-errors.js';
export {
  DuplicateJobError,
  InvalidContextError,
  InvalidJobError,
  InvalidOptionError,
  InvalidPayloadError,
  InvalidTransactionError,
  JobsError,
  type PayloadIssue,
  StorageClosedError,
  StorageFullError,
  StorageOpenError,
  StorageUnavailableError,
  StorageVersionError,
  UnsupportedError,
} from './core/errors.js';
