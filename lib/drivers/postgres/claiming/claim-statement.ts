import { LEASED_COLUMNS, leasedValue } from '../jobs/job-row.js';
import { PLACE, RANK } from '../schema/job-order.sql.js';

/** More lanes of one queue than this are not merged one by one. */
const MOST_ARMS = 32;

/** For each queue that is asked for, how many lanes its claim looks at. */
export type ClaimShape = readonly number[];

/** Parts of a statement; the parameters are numbered from `first`: force, runner, lease, then three for each queue. */
export interface ClaimParts {
  readonly tables: string;
  /** Names and values of what there is to know once, from `moment`. */
  readonly head: string;
  /** The rows that were claimed; none are where no queue was asked for. */
  readonly taken: string | undefined;
}

const DUE = `due as materialized (select run_at from jobs.job where state in (1, 2) order by run_at limit 1)`;
const ORDER = `order by ${RANK}, ${PLACE}, seq`;
// A range of states, since one alone would fit the index of all ready jobs, which may be long.
const LAPSING = `lapsing as materialized (
  select expires_at from jobs.job where expires_at is not null and state < 1 order by state, expires_at limit 1)`;
const IN_TIME = `(expires_at is null or expires_at > (select now from moment))`;
const LOCK = `for no key update skip locked`;

/**
 * Claims the first ready jobs of some lanes. Safe under rivals: rows that another claim has locked are skipped, and of
 * a row that changed since the statement began the newest version is judged. The list of places is found once,
 * whatever plan is chosen, so that no more are claimed than were asked for. A row stays at its place while it is locked. One that
 * changed before that is at a place which the statement does not see: it is locked and not claimed, and `locked` tells of it.
 *
 * Where rows are found by their place or number, the state is asked for in a way that no partial index fits: one that was small
 * when the plan was made would be walked through from end to end.
 *
 * When a waiting job has become due nothing is claimed, unless `force` is set: it might come first. Nor when the time of a
 * ready one is over, which is to be put aside: claims that walk past such would take longer with each.
 */
export function claimParts(shape: ClaimShape, first: number): ClaimParts {
  const runner = `$${first + 1}::text`;
  const lease = `$${first + 2}::bigint`;
  const open = `open as materialized (
    select $${first}::boolean or (
      not exists (select 1 from due where due.run_at <= moment.now) and not exists (select 1 from lapsing where lapsing.expires_at <= moment.now)) as yes from moment)`;
  const queues = shape.map((lanes, index) => queuePart(lanes, index, first + 3 + 3 * index));
  const tables = [DUE, LAPSING, open, ...queues.flatMap(({ table }) => (table === undefined ? [] : [table]))];
  const hasMore = queues.flatMap(({ hasMore: more }) => (more === undefined ? [] : [more])).join(' or ');
  const keys = shape.map((_, index) => `$${first + 3 + 3 * index}::uuid`).join(', ');
  const governed =
    keys === ''
      ? 'null'
      : `(select json_agg(key) from jobs.queue where key = any(array[${keys}]) and is_governed)`;
  const head = `'nextIn', (select run_at from due) - moment.now, 'newest', (select max(id) from jobs.lane),
    'isOpen', (select yes from open), 'hasMore', ${hasMore === '' ? 'false' : hasMore}, 'governed', ${governed}`;
  if (queues.length === 0) return { tables: tables.join(',\n'), head, taken: undefined };
  const locked = `locked as materialized (select ${queues.map(({ places }) => places).join(' || ')} as places)`;
  const taken = takenOf(`job.ctid = any((select places from locked)::tid[])`, lease, runner);
  return {
    tables: [...tables, locked, taken].join(',\n'),
    head: `${head}, 'locked', (select cardinality(places) from locked)`,
    taken: `select ${LEASED_COLUMNS.join(', ')} from taken`,
  };
}

/** Claims jobs that are locked. */
function takenOf(condition: string, lease: string, runner: string): string {
  return `taken as (
    update jobs.job
    set state = 3, token = token + 1, lease_until = moment.now + ${lease}, runner = ${runner},
      started_at = moment.now, expires_at = null, unique_key = case when unique_while = 1 then null else unique_key end
    from moment
    where ${condition}
    returning ${LEASED_COLUMNS.map((column) => leasedValue('job', column)).join(', ')})`;
}

/**
 * Claims jobs that were found before, at a time that was: $1 numbers, $2 runner, $3 lease, $4 the time. Those that somebody else
 * has changed or is just changing are passed by. `besides`: tables of what is written with it.
 */
export function claimThese(besides?: string): string {
  const taken = takenOf(
    `job.seq = any(array(select seq from jobs.job where seq = any($1::bigint[]) and state < 1 and ${IN_TIME} ${LOCK}))`,
    '$3::bigint',
    '$2::text',
  );
  return `
  with moment as materialized (select $4::bigint as now),
  ${besides === undefined ? taken : `${taken}, ${besides}`}
  select ${LEASED_COLUMNS.join(', ')} from taken`;
}

/** How many lanes a statement for so many has: few statements do for all numbers. */
export function armsFor(lanes: number): number {
  if (lanes > MOST_ARMS) return MOST_ARMS + 1;
  return lanes <= 1 ? 1 : 2 ** Math.ceil(Math.log2(lanes));
}

interface QueuePart {
  /** What must be found before rows are locked. */
  readonly table?: string;
  /** Whether it found more than are wanted. */
  readonly hasMore?: string;
  /** The places of rows that it locks. */
  readonly places: string;
}

function queuePart(lanes: number, index: number, first: number): QueuePart {
  const [queue, limit, list] = [`$${first}::uuid`, `$${first + 1}::integer`, `$${first + 2}`];
  const isOpen = `(select yes from open)
    and not exists (select 1 from jobs.queue where key = ${queue} and (paused_at is not null or is_governed))`;
  if (lanes === 1) {
    return {
      places: `array(select ctid from jobs.job where state = 0 and grp is null and lane = ${list}::integer and ${isOpen} and ${IN_TIME}
        ${ORDER} limit ${limit} ${LOCK})`,
    };
  }
  // A merge cannot lock. So it finds more than are wanted, for rivals that find the same to have some each.
  const candidates = `2 * ${limit} + 100`;
  const arm = (lane: string, end = '') =>
    `(select ctid, seq, priority, run_at, ageing from jobs.job where state = 0 and grp is null and lane = ${lane} ${end})`;
  const merged =
    lanes > MOST_ARMS
      ? `unnest(${list}::integer[]) as lane (id) cross join lateral
        ${arm('lane.id', `${ORDER} limit ${candidates}`)} found`
      : `(${Array.from({ length: lanes }, (_, nth) => arm(`(${list}::integer[])[${nth + 1}]`)).join(' union all ')}) found`;
  const table = `found_${index} as materialized (
    select array(select ctid from ${merged} where ${isOpen} ${ORDER} limit ${candidates}) as places)`;
  return {
    table,
    hasMore: `(select cardinality(places) > ${limit} from found_${index})`,
    places: `array(select ctid from jobs.job where ctid = any((select places from found_${index})::tid[]) and state < 1 and ${IN_TIME}
      ${ORDER} limit ${limit} ${LOCK})`,
  };
}
