/** Resolves to the reason once the signal aborts. */
export function aborted(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(signal.reason);
    signal.addEventListener('abort', () => resolve(signal.reason), { once: true });
  });
}

/** Goes on until the signal aborts, and ends as it asks. */
export async function untilAborted(signal: AbortSignal): Promise<never> {
  throw await aborted(signal);
}

/** Work that goes on until it is let go, one way or the other. */
export class Gate {
  #open: (() => void) | undefined;
  readonly passed = new Promise<void>((resolve) => (this.#open = resolve));

  open(): void {
    this.#open?.();
  }
}
