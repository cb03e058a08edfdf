import type { GroupStats, QueueLimits } from '../../../storage/inspection.js';
import { limitsOf, roomOf, startsOf } from '../../../storage/queue-room.js';
import type { Announcing } from '../signals/announcing.js';
import type { Database } from '../connection/database.js';
import { keyOf } from '../jobs/job-key.js';
import { MOMENT } from '../schema/moment.sql.js';
import { arrayOf, type Sql, type SqlRow } from '../connection/sql.js';
import { fromStored, toStored } from '../connection/stored-text.js';

const MINUTE = 60_000;
/** How long this process trusts that a group it asked for is still there: much less than it takes to be forgotten. */
const TRUSTED_FOR = 60 * MINUTE;
const FORGOTTEN_AFTER = 24 * TRUSTED_FOR;
const MOST_KNOWN = 20_000;

const ENSURE = `
  with ${MOMENT},
  made as (
    insert into jobs.job_group (key, queue, name, asked_at)
    select x.key, x.queue, x.name, moment.now
    from moment, json_to_recordset($1::text::json) as x(key uuid, queue uuid, name text) order by x.key
    on conflict (key) do update set asked_at = excluded.asked_at
    where job_group.asked_at < excluded.asked_at - ${10 * MINUTE}
    returning key, id)
  select key, id from made union select key, id from jobs.job_group where key = any($2::uuid[])`;
const GOVERN = `
  insert into jobs.queue (key, name, since, has_groups, is_governed)
  select x.key, x.name, jobs.clock_1(), true, true
  from json_to_recordset($1::text::json) as x(key uuid, name text) order by x.key
  on conflict (key) do update set has_groups = true, is_governed = true where not queue.has_groups`;
const HOLD = `select 1 from jobs.queue where key = $1::uuid for no key update`;
const NOTE = `insert into jobs.note (queue, groups) select queue, array[id] from jobs.job_group where id = $1::integer`;
const PAUSE = `
  update jobs.job_group set paused_at = jobs.clock_1(), pause_reason = $2::text where id = $1::integer`;
const RESUME = `
  update jobs.job_group set paused_at = null, pause_reason = null where key = $1::uuid and paused_at is not null
  returning id`;
const STATS = `
  select g.starts, g.paused_at, g.pause_reason, q.limits, jobs.clock_1() as now,
    (select count(*) from jobs.job where grp = g.id and state = 0)
      + (select count(*) from jobs.job where grp = g.id and state <> 0 and state <> 3) as waiting,
    (select count(*) from jobs.job where grp = g.id and state = 3) as running
  from jobs.job_group g left join jobs.queue q on q.key = g.queue where g.key = $1::uuid`;
const LIMIT = `
  insert into jobs.queue (key, name, since, limits, is_governed)
  values ($1::uuid, $2::text, jobs.clock_1(), $3::text, $3::text is not null)
  on conflict (key) do update set limits = excluded.limits, is_governed = queue.has_groups or excluded.limits is not null`;
// However many there are: the next claims look at them, some at a time.
const LOOK_AGAIN = `update jobs.job_group set look_at = jobs.clock_1() where queue = $1::uuid`;
// Nobody asked for it for so long that nobody can be about to add a job to it.
const FORGET = `
  delete from jobs.job_group where id = any(array(
    select id from jobs.job_group g, (select jobs.clock_1() as now) moment
    where asked_at < now - ${FORGOTTEN_AFTER} and paused_at is null
      and not exists (select 1 from jobs.job where grp = g.id and state = 0)
      and not exists (select 1 from jobs.job where grp = g.id and state <> 0)
    limit $1::integer for update of g skip locked))
  returning 1`;

/** A group of a queue. */
export interface GroupOf {
  readonly queue: string;
  readonly group: string;
}

interface Known {
  readonly id: number;
  /** Monotonic. */
  readonly until: number;
}

/**
 * The groups of queues. Like lanes they are made outside of any transaction of the caller's; unlike lanes they may be as many
 * as an application has customers, so that those nobody asks for are forgotten after a day.
 */
export class GroupTable {
  readonly #database: Database;
  readonly #announcing: Announcing;
  readonly #known = new Map<string, Known>();
  readonly #governed = new Set<string>();
  readonly #monotonic: () => number;

  constructor(database: Database, announcing: Announcing, monotonic: () => number) {
    this.#database = database;
    this.#announcing = announcing;
    this.#monotonic = monotonic;
  }

  /** Makes what is missing. From then on claims of these queues go one after another. */
  async ensure(wanted: readonly GroupOf[]): Promise<void> {
    const now = this.#monotonic();
    const missing = new Map<string, GroupOf>();
    for (const one of wanted) {
      const key = keyOf(one.queue, one.group);
      if ((this.#known.get(key)?.until ?? 0) <= now) missing.set(key, one);
    }
    if (missing.size === 0) return;
    await this.#govern([...new Set([...missing.values()].map(({ queue }) => queue))]);
    if (this.#known.size + missing.size > MOST_KNOWN) this.#known.clear();
    while (missing.size > 0) {
      const rows = [...missing].map(([key, { queue, group }]) => ({
        ...{ key, queue: keyOf(queue), name: toStored(group) },
      }));
      // Who makes the same one at this moment keeps it from being seen: then once more.
      for (const row of await this.#database.rows(ENSURE, [
        JSON.stringify(rows),
        arrayOf([...missing.keys()]),
      ])) {
        this.#known.set(row.key as string, { id: row.id as number, until: now + TRUSTED_FOR });
        missing.delete(row.key as string);
      }
    }
  }

  /** One that `ensure` was asked for just before. */
  idOf({ queue, group }: GroupOf): number {
    const known = this.#known.get(keyOf(queue, group));
    if (known === undefined) throw new Error(`There is no group ${group} of the queue ${queue}`);
    return known.id;
  }

  async pause(group: GroupOf, reason: string): Promise<void> {
    await this.ensure([group]);
    const id = this.idOf(group);
    await this.#whileHeld(group.queue, async (sql) => {
      await sql.rows(PAUSE, [id, toStored(reason)]);
      await sql.rows(NOTE, [id]);
    });
  }

  async resume({ queue, group }: GroupOf): Promise<void> {
    const resumed = await this.#whileHeld(queue, async (sql) => {
      const [row] = await sql.rows(RESUME, [keyOf(queue, group)]);
      if (row !== undefined) await sql.rows(NOTE, [row.id as number]);
      return row !== undefined;
    });
    if (resumed) this.#announcing.tell({ ready: [queue] });
  }

  async stats({ queue, group }: GroupOf): Promise<GroupStats | undefined> {
    const [row] = await this.#database.rows(STATS, [keyOf(queue, group)]);
    return row && statsOf(row);
  }

  async limit(queue: string, limits?: QueueLimits): Promise<void> {
    const text = limits === undefined ? null : JSON.stringify(limits);
    await this.#database.transaction(async (sql) => {
      await sql.rows(LIMIT, [keyOf(queue), toStored(queue), text]);
      await sql.rows(LOOK_AGAIN, [keyOf(queue)]);
    });
    this.#announcing.tell({ ready: [queue] });
  }

  /** Forgets up to so many groups. */
  async prune(limit: number): Promise<void> {
    await this.#database.rows(FORGET, [limit]);
  }

  async #govern(queues: readonly string[]): Promise<void> {
    const added = queues.filter((queue) => !this.#governed.has(queue));
    if (added.length === 0) return;
    const rows = added.map((queue) => ({ key: keyOf(queue), name: toStored(queue) }));
    await this.#database.rows(GOVERN, [JSON.stringify(rows)]);
    for (const queue of added) this.#governed.add(queue);
  }

  /** While no claim of the queue is under way. */
  #whileHeld<Result>(queue: string, work: (sql: Sql) => Promise<Result>): Promise<Result> {
    return this.#database.transaction(async (sql) => {
      await sql.rows(HOLD, [keyOf(queue)]);
      return work(sql);
    });
  }
}

/** The groups of those jobs that have one. */
export function groupsOf(jobs: readonly { readonly queue: string; readonly group?: string }[]): GroupOf[] {
  if (jobs.every(({ group }) => group === undefined)) return [];
  return jobs.flatMap(({ queue, group }) => (group === undefined ? [] : [{ queue, group }]));
}

function statsOf(row: SqlRow): GroupStats | undefined {
  const { waiting, running, now } = row as unknown as { waiting: number; running: number; now: number };
  if (waiting + running === 0 && row.paused_at === null) return undefined;
  const { rate } = limitsOf(row.limits).groups ?? {};
  const { opensAt } = rate === undefined ? {} : roomOf({ rate }, 0, startsOf(row.starts), now);
  const reason = fromStored((row.pause_reason as string | null) ?? '');
  return {
    ...{ waiting, running },
    ...(row.paused_at === null ? {} : { paused: { at: row.paused_at as number, reason } }),
    ...(opensAt === undefined ? {} : { startsAgainAt: opensAt }),
  };
}
