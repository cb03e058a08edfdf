/**
 * News from a storage. Only ever a hint: it may be missing, late, doubled or wrong, so whoever listens also
 * looks by itself from time to time.
 * @publicApi
 */
export type Signal =
  /** Jobs may have become ready in these queues; absent: in any. */
  | { readonly kind: 'ready'; readonly queues?: readonly string[] }
  /** A running job may have been asked to end: a beat will say which. */
  | { readonly kind: 'cancel' }
  /** A schedule was declared, changed or removed, or moved to an earlier time. */
  | { readonly kind: 'schedule' };

/** Hears the news of a storage. Must not throw. @publicApi */
export type SignalListener = (signal: Signal) => void;

/**
 * Listeners of one storage object. A listener that throws does not keep the news from the others.
 * @publicApi
 */
export class SignalHub {
  readonly #listeners = new Set<SignalListener>();

  /** Returns the way to stop listening. */
  subscribe(listener: SignalListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  emit(signal: Signal): void {
    for (const listener of this.#listeners) {
      try {
        listener(signal);
      } catch {
        // A signal is a hint; whoever could not use it looks by itself later.
      }
    }
  }

  get isHeard(): boolean {
    return this.#listeners.size > 0;
  }
}
