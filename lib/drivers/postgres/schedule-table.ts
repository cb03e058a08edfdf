import type { DueSchedules, Firing, NewSchedule, Schedule } from '../../storage/schedules.js';
import type { Timing } from '../../core/schedule.js';
import type { Announcing } from './signals/announcing.js';
import type { Database } from './connection/database.js';
import { keyOf } from './jobs/job-key.js';
import type { Pushing, PushOutcome } from './pushing/pushing.js';
import { arrayOf, type Sql, type SqlRow } from './connection/sql.js';
import { fromStored, toStored } from './connection/stored-text.js';

const COLUMNS = `declared, next_at, watermark, last_job`;
const PUT = `
  insert into jobs.schedule (key, name, declared, timing, next_at)
  select x.key, x.name, x.declared, x.timing, jobs.clock_1() + x.first_in
  from json_to_recordset($1::json) as x(key uuid, name text, declared text, timing text, first_in bigint)
  order by x.key
  on conflict (key) do update
  set declared = excluded.declared, timing = excluded.timing,
    next_at = case when schedule.timing = excluded.timing then schedule.next_at else excluded.next_at end`;
const ALL = `select ${COLUMNS} from jobs.schedule`;
const OF_KEYS = `select ${COLUMNS} from jobs.schedule where key = any($1::uuid[])`;
const DUE = `
  select ${COLUMNS}, (select jobs.clock_1()) as now from jobs.schedule order by next_at, key limit $1::integer`;
const NOW = `select jobs.clock_1() as now`;
const REMOVE = `delete from jobs.schedule where key = any($1::uuid[]) returning key`;
// Of all processes that try the same step, the first finds the tick it read; the others wait for it and change no row.
const FIRE = `
  update jobs.schedule
  set next_at = $3::bigint, watermark = greatest(watermark, $4::bigint)
  where key = $1::uuid and next_at = $2::bigint
  returning 1`;
const REMEMBER = `update jobs.schedule set last_job = $2::text where key = $1::uuid`;

/** The schedules of the schema. */
export class ScheduleTable {
  readonly #database: Database;
  readonly #pushing: Pushing;
  readonly #announcing: Announcing;

  constructor(database: Database, pushing: Pushing, announcing: Announcing) {
    this.#database = database;
    this.#pushing = pushing;
    this.#announcing = announcing;
  }

  async put(schedules: readonly NewSchedule[]): Promise<void> {
    // Should a key stand twice, the last declaration counts.
    const rows = new Map(
      schedules.map(({ firstIn, ...declared }) => {
        const key = keyOf(declared.key);
        const timing = textOf(declared.timing);
        const text = toStored(JSON.stringify(declared));
        return [
          key,
          { key, name: toStored(declared.key), declared: text, timing, first_in: Math.ceil(firstIn) },
        ];
      }),
    );
    await this.#database.rows(PUT, [JSON.stringify([...rows.values()])]);
    this.#announcing.tell({ schedule: rows.size > 0 });
  }

  async all(keys?: readonly string[]): Promise<Schedule[]> {
    const rows = keys
      ? await this.#database.rows(OF_KEYS, [arrayOf(keys.map((key) => keyOf(key)))])
      : await this.#database.rows(ALL);
    const schedules = rows.map(scheduleOf);
    return schedules.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }

  async remove(keys: readonly string[]): Promise<boolean[]> {
    const wanted = keys.map((key) => keyOf(key));
    const removed = new Set((await this.#database.rows(REMOVE, [arrayOf(wanted)])).map(({ key }) => key));
    this.#announcing.tell({ schedule: removed.size > 0 });
    return wanted.map((key) => removed.delete(key));
  }

  async due(limit: number): Promise<DueSchedules> {
    const rows = await this.#database.rows(DUE, [limit + 1]);
    const [first] = rows.length > 0 ? rows : await this.#database.rows(NOW);
    const now = first?.now as number;
    const schedules = rows.map(scheduleOf);
    const due = schedules.slice(0, limit).filter(({ nextAt }) => nextAt <= now);
    const next = schedules[due.length];
    return next === undefined ? { now, due } : { now, due, nextIn: Math.max(0, next.nextAt - now) };
  }

  async fire(firings: readonly Firing[]): Promise<boolean[]> {
    const fired: boolean[] = [];
    for (const firing of firings) {
      await this.#pushing.prepare(firing.jobs);
      const pushed = await this.#database.transaction((sql) => this.#fireIn(sql, firing));
      if (pushed !== undefined) await this.#pushing.announce(firing.jobs, pushed);
      fired.push(pushed !== undefined);
    }
    const isNearer = firings.some(({ nextAt, expected }, nth) => fired[nth] === true && nextAt < expected);
    this.#announcing.tell({ schedule: isNearer });
    return fired;
  }

  async #fireIn(
    sql: Sql,
    { key, expected, watermark, nextAt, jobs }: Firing,
  ): Promise<PushOutcome | undefined> {
    if ((await sql.rows(FIRE, [keyOf(key), expected, nextAt, watermark])).length === 0) return undefined;
    const outcome = await this.#pushing.pushIn(sql, jobs);
    const last = outcome.pushed.filter(({ duplicate }) => !duplicate).at(-1);
    if (last !== undefined) await sql.rows(REMEMBER, [keyOf(key), toStored(last.id)]);
    return outcome;
  }
}

/** The same text for timings that are the same, in whatever order their fields stand. */
function textOf(timing: Timing): string {
  return JSON.stringify(Object.entries(timing).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function scheduleOf(row: SqlRow): Schedule {
  return {
    ...(JSON.parse(fromStored(row.declared as string)) as Omit<NewSchedule, 'firstIn'>),
    nextAt: row.next_at as number,
    ...(row.watermark === null ? {} : { watermark: row.watermark as number }),
    ...(row.last_job === null ? {} : { lastJob: fromStored(row.last_job as string) }),
  };
}
