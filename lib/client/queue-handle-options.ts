import type { Chance, Clock } from '../core/clock.js';
import type { JobCarrier } from '../core/job-carrier.js';
import type { JobOptions } from '../core/job-definition.js';
import type { PayloadCodec } from '../core/payload.js';
import type { AmbientTransactions } from './enqueue/ambient-transactions.js';
import type { CarrierFailed } from './enqueue/carrying.js';
import type { ClassListener } from './enqueue/class-listener.js';
import type { Redefinitions } from './enqueue/job-preparer.js';
import type { PushSurroundings } from './enqueue/push-surroundings.js';
import type { QueuedListener } from './enqueue/queued-event.js';
import type { EndNews } from './wait/end-news.js';

/** Options of a `QueueHandle`. @publicApi */
export interface QueueHandleOptions {
  /** Options for all jobs that say nothing else. */
  readonly defaults?: JobOptions;
  /** Of classes whose options are others here than those they were defined with. */
  readonly definitions?: Redefinitions;
  readonly codec?: PayloadCodec;
  readonly clock?: Clock;
  readonly chance?: Chance;
  /** Told of the first jobs of each class, those of schedules included. */
  readonly onClass?: ClassListener;
  /** Told of each job that this handle has queued, duplicates left out. */
  readonly listener?: QueuedListener;
  /** Saves `wait` time and looks at the storage, where jobs run in this process. @default looks alone */
  readonly endNews?: EndNews;
  /** Stands around each write. */
  readonly surroundings?: PushSurroundings;
  /** Capture what goes along with the jobs; those of the runner restore it. */
  readonly carriers?: readonly JobCarrier[];
  /** Told of a carrier that threw at `queue()`: the job is queued without what it carries. */
  readonly onCarrierFailed?: CarrierFailed;
  /** Asked for the transaction to join where none is given. Ignored where the storage can join none. */
  readonly ambient?: AmbientTransactions;
}
