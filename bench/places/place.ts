/** Where a system keeps its jobs. */
export interface Place {
  /** What another process finds the same jobs by. */
  readonly address: string;
  /** What a reader must know to judge the figures: versions, and what survives a crash. */
  describe(): Promise<string>;
  /** Milliseconds of CPU that its server has used so far: 0 without one, undefined where it cannot be read. */
  serverCpu(): Promise<number | undefined>;
  /** Lets go of it, and removes all that is in it unless another process made it. */
  leave(): Promise<void>;
}
