/** A server that tests may use. */
export interface FoundServer {
  readonly url: string;
  /** What it is and where it comes from, to be printed: `PostgreSQL 15.19 at 127.0.0.1:5432`. */
  readonly origin: string;
  /** Whether it was started for this run alone. */
  readonly isPrivate: boolean;
}

/** Why there is none. */
export interface NoServer {
  readonly unavailable: string;
}

/** What a search found. `stop` ends a server that the search started, and leaves any other alone. */
export type Found = (FoundServer & { stop(): Promise<void> }) | NoServer;

export async function leaveAlone(): Promise<void> {}
