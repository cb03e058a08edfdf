/** A part of a runner with a life of its own. Each is started once and stopped once; neither waits. */
export interface Service {
  start(): void;
  /** Begins nothing more. What is under way may still end, and is then harmless. */
  stop(): void;
}
