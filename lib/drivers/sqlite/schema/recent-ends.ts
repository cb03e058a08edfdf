import type { Ended, QueueStats } from '../../../storage/inspection.js';
import type { Statements } from '../connection/sqlite-client.js';

type Recent = NonNullable<QueueStats['recent']>;
type Span = keyof Recent;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const SPANS: readonly { readonly span: Span; readonly size: number; readonly length: number }[] = [
  { span: 'hour', size: 5 * MINUTE, length: HOUR },
  { span: 'day', size: HOUR, length: DAY },
  { span: 'month', size: DAY, length: 30 * DAY },
];

// The three steps of one moment, in one statement: it is run once for each queue of a transaction.
const COUNT = `
  insert into jobs_recent (size, start, queue, completed, failed)
  values (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?)
  on conflict (size, start, queue) do update
  set completed = completed + excluded.completed, failed = failed + excluded.failed`;
const SUMS = `
  select queue, sum(completed) as completed, sum(failed) as failed
  from jobs_recent where size = ? and start > ? group by queue`;
const HAS_OVER = `select 1 from jobs_recent where size = ? and start <= ? limit 1`;
const REMOVE_OVER = `delete from jobs_recent where size = ? and start <= ?`;

const NOTHING: Ended = { completed: 0, failed: 0 };

/** What ended of late, queue by queue, in steps that are fewer the further back they are. */
export const recentEnds = {
  count(sql: Statements, now: number, queue: string, { completed, failed }: Ended): void {
    sql.run(COUNT, ...SPANS.flatMap(({ size }) => [size, now - (now % size), queue, completed, failed]));
  },

  sums(sql: Statements, now: number): (queue: string) => Recent {
    const sums = new Map<string, Ended>();
    for (const { span, size, length } of SPANS) {
      for (const { queue, completed, failed } of sql.all(SUMS, size, now - length - size)) {
        sums.set(`${span} ${queue}`, { completed: completed as number, failed: failed as number });
      }
    }
    const of = (span: Span, queue: string) => sums.get(`${span} ${queue}`) ?? NOTHING;
    return (queue) => ({ hour: of('hour', queue), day: of('day', queue), month: of('month', queue) });
  },

  hasOver(sql: Statements, now: number): boolean {
    return SPANS.some(({ size, length }) => sql.first(HAS_OVER, size, now - length - size) !== undefined);
  },

  removeOver(sql: Statements, now: number): void {
    for (const { size, length } of SPANS) sql.run(REMOVE_OVER, size, now - length - size);
  },
};
