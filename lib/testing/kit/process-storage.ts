import type { Completed, Completion, Popped, PopRequest, Recorded } from '../../storage/claims.js';
import type { DueSchedules } from '../../storage/schedules.js';
import type { SignalListener } from '../../storage/signal.js';
import type { Storage } from '../../storage/storage.js';
import { InterceptedStorage, type StorageCall } from '../intercepted-storage.js';

/** A queue that is known to the process by another name. */
export interface QueueAlias {
  /** What the process calls it. */
  readonly shown: string;
  readonly actual: string;
}

/** The storage as a process sees it that may die, and whose reports of an end may get lost. */
export class ProcessStorage extends InterceptedStorage {
  /** Calls that have not been answered. */
  inFlight = 0;
  /** Milliseconds from the last look at waiting jobs until the next of them is due. */
  nextIn: number | undefined;
  readonly #onAnswer: () => void;
  readonly #alias: QueueAlias | undefined;
  /** Ids of jobs whose next end is not to be recorded: they are delivered again. */
  readonly #doubled = new Set<string>();
  #listener: SignalListener | undefined;
  #isDead = false;

  constructor(inner: Storage, onAnswer: () => void, alias?: QueueAlias) {
    super(inner);
    this.#onAnswer = onAnswer;
    this.#alias = alias;
  }

  /** Nothing that the process still asks reaches the storage, and no answer reaches the process. */
  kill(): void {
    this.#isDead = true;
  }

  /** Loses the end of the run that is under way: the job is there again, for another run. */
  deliverAgain(id: string): void {
    this.#doubled.add(id);
  }

  /** Has the process look for jobs and schedules, as if there were news. */
  look(): void {
    if (this.#isDead) return;
    this.#listener?.({ kind: 'ready' });
    this.#listener?.({ kind: 'schedule' });
  }

  override subscribe(listener: SignalListener): () => void {
    this.#listener = listener;
    return super.subscribe((signal) => {
      if (!this.#isDead) listener(signal);
    });
  }

  // A process for one queue alone makes no jobs for others.
  override dueSchedules = (limit: number) =>
    this.intercept('dueSchedules', () =>
      this.#alias === undefined ? this.inner.dueSchedules(limit) : this.#noSchedules(),
    );

  override pop = async (request: PopRequest) =>
    this.#seen(await this.intercept('pop', () => this.inner.pop(this.#actual(request))));

  override complete = async (ends: readonly Completion[], next?: PopRequest, transaction?: unknown) => {
    const answer = await this.intercept('complete', () => this.#complete(ends, next, transaction));
    return answer.popped === undefined ? answer : { ...answer, popped: this.#seen(answer.popped) };
  };

  protected async intercept<T>(_call: StorageCall, send: () => Promise<T>): Promise<T> {
    if (this.#isDead) return never();
    this.inFlight += 1;
    try {
      const answer = await send();
      return this.#isDead ? await never() : answer;
    } finally {
      this.inFlight -= 1;
      this.#onAnswer();
    }
  }

  async #complete(
    ends: readonly Completion[],
    next: PopRequest | undefined,
    transaction: unknown,
  ): Promise<Completed> {
    const request = next && this.#actual(next);
    if (transaction !== undefined) {
      // An end that is committed along with its effect cannot get lost alone, nor can the report that follows.
      for (const { lease } of ends) this.#doubled.delete(lease.id);
      return this.inner.complete(ends, request, transaction);
    }
    const lost = ends.filter(({ lease }) => this.#doubled.delete(lease.id));
    if (lost.length === 0) return this.inner.complete(ends, request);
    await this.inner.release(lost.map(({ lease }) => lease));
    const others = ends.filter((end) => !lost.includes(end));
    const { results, popped } = await this.inner.complete(others, request);
    const rest = [...results];
    const all = ends.map((end): Recorded => (lost.includes(end) ? 'lost' : (rest.shift() ?? 'gone')));
    return popped === undefined ? { results: all } : { results: all, popped };
  }

  async #noSchedules(): Promise<DueSchedules> {
    return { due: [], now: await this.inner.now() };
  }

  #actual(request: PopRequest): PopRequest {
    const alias = this.#alias;
    if (alias === undefined) return request;
    const queues = request.queues.map((demand) => ({ ...demand, queue: alias.actual }));
    return { ...request, queues };
  }

  #seen(popped: Popped): Popped {
    this.nextIn = popped.nextIn;
    const alias = this.#alias;
    if (alias === undefined) return popped;
    return { ...popped, jobs: popped.jobs.map((job) => ({ ...job, queue: alias.shown })) };
  }
}

function never(): Promise<never> {
  return new Promise(() => {});
}
