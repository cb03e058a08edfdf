import { decodePolicy } from '../../core/policy.js';
import type { Rescued } from '../../storage/claims.js';
import type { Database } from './database.js';
import { idOf } from './job-row.js';
import type { Lanes } from './lanes.js';
import { policyOf } from './policies.js';
import { LAPSED, STATE } from './schema.js';
import { endingRequest } from './settlement-request.js';
import type { Sql } from './sql.js';
import { fromStored } from './stored-text.js';

// Jobs that nobody took in time, in each state that such can have.
const LATE = `
  from (values (0::smallint), (1::smallint), (${STATE.blocked}::smallint), (${LAPSED}::smallint)) as waiting (state)
  cross join lateral (
    select seq from jobs.job
    where (job.state, expires_at) >= (waiting.state, 0) and (job.state, expires_at) <= (waiting.state, (select jobs.clock_1()))
      and expires_at is not null
    order by job.state, expires_at limit $1::integer) late`;
const HAS_LATE = `select 1 ${LATE} limit 1`;
const LATEST = `
  select key, id, lane, token, state, ${policyOf('job')} as policy
  from jobs.job where seq = any(array(select seq ${LATE} limit $1::integer))
    and expires_at <= (select jobs.clock_1()) for no key update skip locked`;

type Ending = ReturnType<typeof endingRequest>;

/** Ends up to so many jobs that nobody took in time. `end` writes it. */
export async function endLateJobs(
  database: Pick<Database, 'rows' | 'transaction'>,
  lanes: Lanes,
  limit: number,
  end: (sql: Sql, endings: readonly Ending[]) => Promise<void>,
): Promise<Rescued[]> {
  if ((await database.rows(HAS_LATE, [1])).length === 0) return [];
  return database.transaction(async (sql) => {
    const rows = await sql.rows(LATEST, [limit]);
    await lanes.learn(sql, rows);
    const endings = rows.map((row) => {
      const { keep } = decodePolicy(fromStored(row.policy as string));
      const settlement = {
        state: 'dead',
        attempt: 0,
        stalls: 0,
        reason: 'expired',
        keep: keep.dead,
      } as const;
      return endingRequest(row.key as string, row.token as number, settlement, row.state as number);
    });
    await end(sql, endings);
    return rows.map((row): Rescued => {
      const { queue, name } = lanes.byId(row.lane as number);
      return { id: idOf(row), name, queue, stalls: 0, state: 'dead', reason: 'expired' };
    });
  });
}
