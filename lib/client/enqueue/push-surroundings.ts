import type { NewJob, Pushed } from '../../storage/new-job.js';

/** Stands around each write of a `QueueHandle`, as a span does. What `push` rejects with has to come out unchanged. @publicApi */
export interface PushSurroundings {
  around(jobs: readonly NewJob[], push: () => Promise<readonly Pushed[]>): Promise<readonly Pushed[]>;
}
