import type { PopRequest } from '../../../storage/claims.js';
import type { Database } from '../connection/database.js';
import { keyOf } from './job-key.js';
import type { Sql } from '../connection/sql.js';
import { fromStored, toStored } from '../connection/stored-text.js';

/** A queue and a name: the jobs that a claim may take in order of one index. */
export interface Lane {
  readonly id: number;
  readonly queue: string;
  readonly name: string;
}

/** What a lane is made for. */
export interface LaneOf {
  readonly queue: string;
  readonly name: string;
}

/** A row of a job. */
export interface InLane {
  readonly lane?: unknown;
}

const NEWER = `select id, queue, name from jobs.lane where id > $1::integer order by id`;
// Lanes are made one after another, so that whoever has seen one has seen all with smaller numbers.
const LOCK = `select pg_advisory_xact_lock(7206431852101)`;
const ADD = `
  insert into jobs.lane (id, key, queue, name)
  select coalesce((select max(id) from jobs.lane), 0) + row_number() over (), x.key, x.queue, x.name
  from json_to_recordset($1::json) as x(key uuid, queue text, name text)
  where not exists (select 1 from jobs.lane l where l.key = x.key)`;
const ADD_QUEUES = `
  insert into jobs.queue (key, name, since)
  select x.key, x.name, jobs.clock_1() from json_to_recordset($1::json) as x(key uuid, name text) order by x.key
  on conflict do nothing`;

/**
 * The lanes of the schema, as far as this process has met them. They are made outside of any transaction of the
 * caller's, which would keep others waiting, and never change or go away: what was read of them stays true.
 */
export class Lanes {
  readonly #byId = new Map<number, Lane>();
  readonly #byQueue = new Map<string, Map<string, Lane>>();
  readonly #knownQueues = new Set<string>();
  #newest = 0;
  // Runners ask with the same list of names all their life.
  readonly #names = new WeakMap<readonly string[], ReadonlySet<string>>();

  get newest(): number {
    return this.#newest;
  }

  /** Makes what is missing. */
  async ensure(database: Database, wanted: readonly LaneOf[]): Promise<void> {
    const missing = wanted.filter(({ queue, name }) => !this.#byQueue.get(queue)?.has(name));
    if (missing.length > 0) await this.#add(database, missing);
  }

  /** Queues that got their first job show in the numbers from now on. */
  async makeKnown(database: Database, queues: readonly string[]): Promise<void> {
    const added = queues.filter((queue) => !this.#knownQueues.has(queue));
    if (added.length === 0) return;
    const rows = added.map((queue) => ({ key: keyOf(queue), name: toStored(queue) }));
    await database.rows(ADD_QUEUES, [JSON.stringify(rows)]);
    for (const queue of added) this.#knownQueues.add(queue);
  }

  /** One that `ensure` was asked for. */
  idOf({ queue, name }: LaneOf): number {
    const lane = this.#byQueue.get(queue)?.get(name);
    if (lane === undefined) throw new Error(`There is no lane for the queue ${queue} and the name ${name}`);
    return lane.id;
  }

  /** One of a row, after `learn` has seen it. */
  byId(id: number): Lane {
    const lane = this.#byId.get(id);
    if (lane === undefined) throw new Error(`The schema names lane ${id}, which it does not have`);
    return lane;
  }

  /** The lanes of a queue whose names the runner knows. */
  known(queue: string, request: PopRequest): Lane[] {
    const names = this.#namesOf(request);
    return [...(this.#byQueue.get(queue)?.values() ?? [])].filter(({ name }) => names.has(name));
  }

  /** The lanes of a queue, of a name or of both, for whoever looks. */
  matching(queue: string | undefined, name: string | undefined): Lane[] {
    return [...this.#byId.values()].filter(
      (lane) => (queue === undefined || lane.queue === queue) && (name === undefined || lane.name === name),
    );
  }

  /** Makes sure that the lanes of these rows are known. */
  async learn(sql: Sql, rows: readonly InLane[]): Promise<void> {
    if (rows.some(({ lane }) => !this.#byId.has(lane as number))) await this.refresh(sql);
  }

  /** The queues that the rows are in, each once. */
  async queuesOf(sql: Sql, rows: readonly InLane[]): Promise<string[]> {
    await this.learn(sql, rows);
    return [...new Set(rows.map(({ lane }) => this.byId(lane as number).queue))];
  }

  /** Learns of lanes that other processes made. */
  async refresh(sql: Sql): Promise<void> {
    for (const row of await sql.rows(NEWER, [this.#newest])) {
      this.#learn(row.id as number, fromStored(row.queue as string), fromStored(row.name as string));
    }
  }

  async #add(database: Database, missing: readonly LaneOf[]): Promise<void> {
    const rows = new Map(
      missing.map(({ queue, name }) => {
        const key = keyOf(queue, name);
        return [key, { key, queue: toStored(queue), name: toStored(name) }];
      }),
    );
    await database.transaction(async (sql) => {
      await sql.rows(LOCK);
      await sql.rows(ADD, [JSON.stringify([...rows.values()])]);
    });
    await this.refresh(database);
  }

  #learn(id: number, queue: string, name: string): void {
    if (this.#byId.has(id)) return;
    const lane = { id, queue, name };
    this.#byId.set(id, lane);
    let names = this.#byQueue.get(queue);
    if (names === undefined) this.#byQueue.set(queue, (names = new Map()));
    names.set(name, lane);
    this.#newest = Math.max(this.#newest, id);
  }

  #namesOf({ names }: PopRequest): ReadonlySet<string> {
    let set = this.#names.get(names);
    if (set === undefined) this.#names.set(names, (set = new Set(names)));
    return set;
  }
}
