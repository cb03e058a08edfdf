import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Tallied } from './tally.js';

const WORKER = fileURLToPath(new URL('worker.js', import.meta.url));

/** A worker, seen from the process that started it. */
export class WorkerProcess {
  readonly #child = fork(WORKER);
  done = 0;
  again = 0;
  charged = 0;
  #rate: number | undefined;

  constructor() {
    this.#child.on('message', (message) => this.#hear(message as Tallied));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Jobs in the second that it told of last. */
  get rate(): string {
    if (!this.isRunning) return 'gone';
    return this.#rate === undefined ? 'starting' : `${this.#rate} jobs/s`;
  }

  end(signal: NodeJS.Signals): Promise<void> {
    return new Promise((resolve) => {
      if (!this.isRunning) return resolve();
      this.#child.once('exit', () => resolve());
      this.#child.kill(signal);
    });
  }

  #hear({ done, again, charged }: Tallied): void {
    this.#rate = done;
    this.done += done;
    this.again += again;
    this.charged += charged;
  }
}
