import type { PopRequest } from '../../../storage/claims.js';
import type { Statements } from '../connection/sqlite-client.js';
import type { Transaction } from '../connection/transaction.js';

/** A queue and a name: the jobs that a claim may take in order of one index. */
export interface Lane {
  readonly id: number;
  readonly queue: string;
  readonly name: string;
}

const NEWER = `select id, queue, name from jobs_lane where id > ? order by id`;
// Lanes are made under the write lock, and never change or go away: what was read of them stays true.
const ADD = `insert into jobs_lane (queue, name) values (?, ?) on conflict do nothing`;
const ADD_QUEUE = `insert into jobs_queue (name, since) values (?, ?) on conflict do nothing`;

/** The lanes of the file, as far as this process has met them. */
export class Lanes {
  #byId = new Map<number, Lane>();
  #byQueue = new Map<string, Map<string, Lane>>();
  #newest = 0;
  readonly #knownQueues = new Set<string>();
  // Runners ask with the same list of names all their life.
  readonly #names = new WeakMap<readonly string[], ReadonlySet<string>>();

  /** The lane of a new job, made if need be. */
  obtain(tx: Transaction, queue: string, name: string): Lane {
    const known = this.#byQueue.get(queue)?.get(name);
    if (known !== undefined) return known;
    tx.sql.run(ADD, queue, name);
    this.refresh(tx.sql);
    return this.obtain(tx, queue, name);
  }

  /** A queue that got its first job shows in the numbers from now on. */
  makeKnown(tx: Transaction, queue: string): void {
    if (this.#knownQueues.has(queue)) return;
    tx.sql.run(ADD_QUEUE, queue, tx.now);
    this.#knownQueues.add(queue);
  }

  byId(sql: Statements, id: number): Lane {
    const lane = this.#byId.get(id);
    if (lane !== undefined) return lane;
    this.refresh(sql);
    const found = this.#byId.get(id);
    if (found === undefined) throw new Error(`The file names lane ${id}, which it does not have`);
    return found;
  }

  /** The ids of all. */
  all(sql: Statements): readonly number[] {
    this.refresh(sql);
    return [...this.#byId.keys()];
  }

  /** The lanes of a queue whose names the runner knows. */
  known(queue: string, request: PopRequest): Lane[] {
    const names = this.#namesOf(request);
    return [...(this.#byQueue.get(queue)?.values() ?? [])].filter(({ name }) => names.has(name));
  }

  /** Learns of lanes that other processes made. */
  refresh(sql: Statements): void {
    for (const row of sql.all(NEWER, this.#newest)) this.#add(row as unknown as Lane);
  }

  /** After a rollback: lanes that were made in it are not there. */
  forget(): void {
    this.#byId = new Map();
    this.#byQueue = new Map();
    this.#newest = 0;
    this.#knownQueues.clear();
  }

  #add({ id, queue, name }: Lane): void {
    const lane = { id, queue, name };
    this.#byId.set(id, lane);
    let names = this.#byQueue.get(queue);
    if (names === undefined) this.#byQueue.set(queue, (names = new Map()));
    names.set(name, lane);
    this.#newest = id;
  }

  #namesOf({ names }: PopRequest): ReadonlySet<string> {
    let set = this.#names.get(names);
    if (set === undefined) this.#names.set(names, (set = new Set(names)));
    return set;
  }
}
