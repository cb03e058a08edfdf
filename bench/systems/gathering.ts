/** Callers that come in one turn, or while a write is under way, share the next write. */
export class Gathering {
  readonly #write: (payloads: readonly string[]) => Promise<unknown>;
  #waiting: string[] = [];
  #next: Promise<void> | undefined;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(write: (payloads: readonly string[]) => Promise<unknown>) {
    this.#write = write;
  }

  add(payload: string): Promise<void> {
    this.#waiting.push(payload);
    return (this.#next ??= this.#flush());
  }

  async #flush(): Promise<void> {
    await this.#writing;
    const payloads = this.#waiting;
    this.#waiting = [];
    this.#next = undefined;
    await (this.#writing = this.#write(payloads));
  }
}
