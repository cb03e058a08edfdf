// Jobs without Nest: define them, queue them, run them.
export { defineJob, definitionOf } from './core/job-definition.js';
export type { JobClass, JobClassOptions, JobDefinition, JobOptions, PerJob } from './core/job-definition.js';
export type { DebounceOptions, ThrottleOptions, UniqueOptions } from './core/unique-options.js';
export type { OrderOption } from './core/order-options.js';
export type { RateOption } from './core/rate-option.js';
export { JobContext } from './core/job-context.js';
export { Snooze } from './core/snooze.js';
export type { JobCarrier } from './core/job-carrier.js';
export type { AmbientTransactions } from './client/enqueue/ambient-transactions.js';
export { redefineJob } from './core/redefined-job.js';
export type { ClassListener } from './client/enqueue/class-listener.js';
export type { Redefinitions } from './client/enqueue/job-preparer.js';
export type { ResultOf } from './core/job-result.js';
export { Backoff, type BackoffFormula, type BackoffFunction, type BackoffOptions } from './core/backoff.js';
export { MaxRetries } from './core/max-retries.js';
export type { Duration } from './core/duration.js';
export type { Keep, KeepOptions } from './core/keep.js';
export type { PayloadCodec, PayloadOwner, StoredPayloadOwner } from './core/payload.js';
export { AesGcmCodec, type AesGcmCodecOptions } from './codec/aes-gcm-codec.js';
export type { Upcasts } from './core/payload-form.js';
export type { SchemaIssue, SchemaResult, StandardSchema } from './core/standard-schema.js';

export { QueueHandle } from './client/queue-handle.js';
export type { QueueHandleOptions } from './client/queue-handle-options.js';
export type { EndListener, EndNews } from './client/wait/end-news.js';
export type { PushSurroundings } from './client/enqueue/push-surroundings.js';
export type { QueuedEvent, QueuedJob, QueuedListener } from './client/enqueue/queued-event.js';
export type { BatchEnds, FlowOptions, FlowStep, QueuedFlow } from './client/enqueue/flow-steps.js';
export { inParallel, inSequence, type FlowPart } from './client/enqueue/flow-parts.js';
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

export { Runner, type MoreWork, type RunnerOptions } from './runtime/runner.js';
export type { RunningJob } from './runtime/running-job.js';
export type { JobDeath } from './core/job-death.js';
export type { JobHandler } from './runtime/handler.js';
export type { AbortKind, JobEvent, JobReference, ProcessEvent, RunnerEvent } from './runtime/runner-event.js';

// For who brings a storage of their own: the port, and the decisions that a storage must not make itself.
export { Storage, type TransactionOf } from './storage/storage.js';
export { JobOutbox } from './storage/job-outbox.js';
export { OutboxStorage, type OutboxStorageOptions } from './outbox/outbox-storage.js';
export { checkChange, checkPush, checkSupported, refuseTransaction } from './storage/supported.js';
export { SignalHub, type Signal, type SignalListener } from './storage/signal.js';
export type { Capabilities } from './storage/capabilities.js';
export type { Due, NewJob, Order, Pushed, UniqueClaim } from './storage/new-job.js';
export type {
  Beat,
  BeatAnswer,
  Completed,
  Completion,
  LiveRunner,
  Popped,
  PopRequest,
  ProgressReport,
  QueueDemand,
  Recorded,
  Rescued,
  RunnerInfo,
} from './storage/claims.js';
export type {
  CancelResult,
  Ended,
  GroupStats,
  JobChange,
  JobPage,
  JobQuery,
  QueueLimits,
  QueueStats,
  RemoveResult,
  RetryOptions,
} from './storage/inspection.js';
export type { DueSchedules, Firing, JobTemplate, NewSchedule, Schedule } from './storage/schedules.js';
export type { Dependency, End, Need, SettledDependency } from './core/dependency.js';
export type { Rate } from './core/rate.js';
export { FAILURES_KEPT } from './core/job.js';
export type {
  DeadReason,
  Failure,
  JobRecord,
  JobState,
  Lease,
  LeasedJob,
  RecordedFailure,
} from './core/job.js';
export { hasEnded, visibleState } from './core/lifecycle.js';
export { decodePolicy, encodePolicy, type Policy } from './core/policy.js';
export type { CronTiming, EveryTiming, MissedPolicy, OverlapPolicy, Timing } from './core/schedule.js';
export { DEFAULT_MAX_STALLS, honourCancel, settleStall, type Settlement } from './core/settlement.js';
export { MemoryStorage } from './drivers/memory/memory-storage.js';

export { systemChance, systemClock, type Chance, type Clock, type Timer } from './core/clock.js';

export {
  JobCancelledError,
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
