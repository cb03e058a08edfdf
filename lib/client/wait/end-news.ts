/** Tells of jobs that have ended in this process. A hint: others end elsewhere. @publicApi */
export interface EndNews {
  /** Returns the way to stop listening. */
  subscribe(listener: EndListener): () => void;
}

/** Who wants to know of ended jobs. @publicApi */
export interface EndListener {
  /** The storage has recorded it. */
  ended(id: string): void;
  /** The application has closed: there will be no more, and nobody should wait any longer. */
  closed(): void;
}
