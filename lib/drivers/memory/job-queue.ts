import type { QueueStats } from '../../storage/inspection.js';
import { IndexedHeap } from './indexed-heap.js';
import { ReadyHeap } from './ready-heap.js';
import type { StoredJob } from './stored-job.js';

/**
 * One queue: its waiting jobs and its counters. The heaps come and go with their jobs, since an application may
 * name a queue after each of its customers: an empty queue is a few numbers.
 */
export class JobQueue {
  paused: QueueStats['paused'] = undefined;
  /** A job was stored in it. */
  isKnown = false;
  running = 0;
  retrying = 0;
  dead = 0;
  completed = 0;
  failed = 0;
  #ready: Map<string, ReadyHeap> | undefined = undefined;
  #waiting: IndexedHeap<StoredJob> | undefined = undefined;

  constructor(readonly name: string) {}

  addReady(job: StoredJob): void {
    this.#ready ??= new Map();
    let heap = this.#ready.get(job.name);
    if (heap === undefined) this.#ready.set(job.name, (heap = new ReadyHeap(job.name)));
    heap.add(job);
  }

  removeReady(job: StoredJob): void {
    const heap = this.#ready?.get(job.name);
    if (heap === undefined) return;
    heap.remove(job);
    this.dropIfEmpty(heap);
  }

  /** Whoever takes jobs from a heap calls this when done. */
  dropIfEmpty(heap: ReadyHeap): void {
    if (heap.size > 0) return;
    this.#ready?.delete(heap.name);
    if (this.#ready?.size === 0) this.#ready = undefined;
  }

  addWaiting(job: StoredJob): void {
    if (job.state === 'retrying') this.retrying += 1;
    this.#waiting ??= new IndexedHeap(isDueBefore);
    this.#waiting.add(job);
  }

  removeWaiting(job: StoredJob): void {
    if (job.state === 'retrying') this.retrying -= 1;
    this.#waiting?.remove(job);
    if (this.#waiting?.size === 0) this.#waiting = undefined;
  }

  /** Time has come for these: they stand with the ready ones from now on. */
  promote(now: number): void {
    for (let job = this.#waiting?.first; job !== undefined && job.runAt <= now; job = this.#waiting?.first) {
      this.removeWaiting(job);
      job.state = 'ready';
      this.addReady(job);
    }
  }

  /** The heaps whose jobs somebody can run; none of them is empty. */
  readyHeaps(names: ReadonlySet<string>): ReadyHeap[] {
    const heaps: ReadyHeap[] = [];
    if (this.#ready === undefined) return heaps;
    for (const heap of this.#ready.values()) if (names.has(heap.name)) heaps.push(heap);
    return heaps;
  }

  /** When the earliest job that waits for its time is due. */
  get nextAt(): number | undefined {
    return this.#waiting?.first?.runAt;
  }

  stats(now: number, since: number): QueueStats {
    this.promote(now);
    let ready = 0;
    let oldestReadyAt = Infinity;
    for (const heap of this.#ready?.values() ?? []) {
      ready += heap.size;
      oldestReadyAt = Math.min(oldestReadyAt, heap.oldest);
    }
    const { name: queue, running, retrying, dead, completed, failed, paused } = this;
    const scheduled = (this.#waiting?.size ?? 0) - retrying;
    return {
      ...{ queue, ready, scheduled, running, retrying, dead, completed, failed, since },
      ...(ready === 0 ? {} : { oldestReadyAt }),
      ...(paused === undefined ? {} : { paused }),
    };
  }
}

function isDueBefore(a: StoredJob, b: StoredJob): boolean {
  return a.runAt < b.runAt;
}
