/** The payload of all measures: about 140 bytes of JSON, as of a small mail. */
export interface Mail {
  readonly index: number;
  readonly to: string;
  readonly subject: string;
  readonly body: string;
}

export interface BatchSettings {
  /** Milliseconds before the jobs are due. */
  readonly delay?: number;
  /** The records of the jobs stay once they completed. @default what the system does anyway */
  readonly isKept?: boolean;
  /** The jobs are spread over so many groups, one after the other. @default none */
  readonly groups?: number;
}

/** Something that takes jobs and runs them: ours, or a bare storage beside it. */
export interface System {
  /** What a reader must know to judge the figures, once it is open: the library below, durability, record keeping. */
  readonly settings: string;
  /** Where another process finds the same jobs; absent when none can. */
  readonly address?: string;
  open(): Promise<void>;
  /** Resolves once the job is as durable as the settings say. */
  enqueue(mail: Mail): Promise<unknown>;
  /** The same in one step for all. */
  enqueueAll(mails: readonly Mail[], settings?: BatchSettings): Promise<unknown>;
  /** So many jobs of each group at once from now on; absent where there are no groups. */
  boundGroups?(concurrency: number): Promise<void>;
  start(concurrency: number, run: (mail: Mail) => Promise<void>): Promise<void>;
  /** Whether the storage itself shows nothing that is ready or runs: all ends are recorded. */
  isDrained(): Promise<boolean>;
  /** Milliseconds of CPU that a server has used so far: 0 without one, undefined where it cannot be read. */
  serverCpu(): Promise<number | undefined>;
  stop(): Promise<void>;
  /** Leaves nothing behind. */
  close(): Promise<void>;
}

const BODY = 'x'.repeat(60);

export function mail(index: number): Mail {
  return { index, to: `user${index}@example.com`, subject: 'hello', body: BODY };
}

export function mails(count: number, from = 0): Mail[] {
  return Array.from({ length: count }, (_, offset) => mail(from + offset));
}
