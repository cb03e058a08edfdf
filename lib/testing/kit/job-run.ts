/**
 * One run of a job, as it ended. `crashed`: its process died; `lost`: its end was not recorded, and the job is
 * delivered again.
 * @publicApi
 */
export interface JobRun {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  /** Which run it was, counted from 1. */
  readonly attempt: number;
  readonly outcome:
    'completed' | 'retrying' | 'dead' | 'snoozed' | 'cancelled' | 'released' | 'lost' | 'crashed';
  /** When it ended, by the clock of the test. */
  readonly at: Date;
  /** What `run` returned. */
  readonly result?: unknown;
  /** What `run` threw, itself. */
  readonly error?: unknown;
}
