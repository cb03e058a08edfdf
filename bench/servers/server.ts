/** A server that the bench may use. */
export interface Server {
  readonly url: string;
  /** What it is and where it comes from, to be printed. */
  readonly origin: string;
  /** Ends it if the bench started it. */
  stop(): Promise<void>;
}

/** One that somebody else runs. */
export function foreignServer(url: string, variable: string): Server {
  return { url, origin: `${new URL(url).host}, by ${variable}`, async stop() {} };
}
