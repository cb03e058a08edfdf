import { isSameTiming, type Timing } from '../../core/schedule.js';
import type { DueSchedules, Firing, NewSchedule, Schedule } from '../../storage/schedules.js';
import type { Pushing } from './pushing/pushing.js';
import { LIMIT, type SqlRow, type Statements } from './connection/sqlite-client.js';
import type { Transaction } from './connection/transaction.js';

const COLUMNS = `declared, next_at, watermark, last_job`;
const TIMING = `select timing from jobs_schedule where key = ?`;
const PUT = `
  insert into jobs_schedule (key, declared, timing, next_at) values (?, ?, ?, ?)
  on conflict (key) do update
  set declared = excluded.declared, timing = excluded.timing, next_at = excluded.next_at`;
const REDECLARE = `update jobs_schedule set declared = ? where key = ?`;
const ALL = `select ${COLUMNS} from jobs_schedule order by key`;
const OF_KEYS = `
  select ${COLUMNS} from jobs_schedule where key in (select value from json_each(?)) order by key`;
const DUE = `select ${COLUMNS} from jobs_schedule order by next_at, key ${LIMIT}`;
const REMOVE = `delete from jobs_schedule where key = ?`;
// Of all processes that try the same step, the first finds the tick it read; the others change no row.
const FIRE = `
  update jobs_schedule
  set next_at = ?, watermark = max(?, coalesce(watermark, ?))
  where key = ? and next_at = ?`;
const REMEMBER = `update jobs_schedule set last_job = ? where key = ?`;

/** The schedules of the file. */
export class ScheduleTable {
  readonly #pushing: Pushing;

  constructor(pushing: Pushing) {
    this.#pushing = pushing;
  }

  put(tx: Transaction, { firstIn, ...schedule }: NewSchedule): void {
    const { key, timing } = schedule;
    const declared = JSON.stringify(schedule);
    const row = tx.sql.first(TIMING, key);
    const isSame = row !== undefined && isSameTiming(JSON.parse(row.timing as string) as Timing, timing);
    if (isSame) tx.sql.run(REDECLARE, declared, key);
    else tx.sql.run(PUT, key, declared, JSON.stringify(timing), tx.now + firstIn);
    tx.notePulse('schedule');
  }

  all(sql: Statements, keys?: readonly string[]): Schedule[] {
    const rows = keys ? sql.all(OF_KEYS, JSON.stringify(keys)) : sql.all(ALL);
    return rows.map(scheduleOf);
  }

  remove(tx: Transaction, key: string): boolean {
    const isRemoved = tx.sql.run(REMOVE, key) > 0;
    if (isRemoved) tx.notePulse('schedule');
    return isRemoved;
  }

  due(sql: Statements, limit: number, now: number): DueSchedules {
    const first = sql.all(DUE, limit + 1).map(scheduleOf);
    const due = first.slice(0, limit).filter(({ nextAt }) => nextAt <= now);
    const next = first[due.length];
    return next === undefined ? { now, due } : { now, due, nextIn: Math.max(0, next.nextAt - now) };
  }

  fire(tx: Transaction, { key, expected, watermark, nextAt, jobs }: Firing): boolean {
    if (tx.sql.run(FIRE, nextAt, watermark, watermark, key, expected) === 0) return false;
    if (nextAt < expected) tx.notePulse('schedule');
    const stored = this.#pushing.pushAll(tx, jobs).filter(({ duplicate }) => !duplicate);
    const last = stored.at(-1);
    if (last !== undefined) tx.sql.run(REMEMBER, last.id, key);
    return true;
  }
}

function scheduleOf(row: SqlRow): Schedule {
  return {
    ...(JSON.parse(row.declared as string) as Omit<NewSchedule, 'firstIn'>),
    nextAt: row.next_at as number,
    ...(row.watermark === null ? {} : { watermark: row.watermark as number }),
    ...(row.last_job === null ? {} : { lastJob: row.last_job as string }),
  };
}
