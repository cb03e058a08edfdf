import { positionOf } from './position.js';
import type { SqlRow } from '../connection/sqlite-client.js';

/** What must be known of a job to change it, read under the write lock that it is then changed under. */
export const FOUND_COLUMNS = `jobs_job.seq, lane, state, token, attempt, stalls, stalled_at, run_at, priority, policy,
  cancel_reason, failures, lost_tokens, expires_at, ordering, grp, due_in, edges, unique_name`;
export const FIND = `
  select ${FOUND_COLUMNS} from jobs_job where seq = (select seq from jobs_content where id = ?)`;
export const FIND_BY_SEQ = `select ${FOUND_COLUMNS} from jobs_job where seq = ?`;
/** Along with what of it never changes. */
export const FIND_WHOLE = `
  select ${FOUND_COLUMNS}, group_name
  from jobs_content cross join jobs_job on jobs_job.seq = jobs_content.seq where id = ?`;

/** What stands in `rank` and `place` of a job that is due then. */
export function positionValues(
  { ordering, seq, priority: present }: SqlRow,
  runAt: number,
  priority = present as number,
): [rank: number, place: number] {
  const { rank, place } = positionOf(ordering as number | null, seq as number, priority, runAt);
  return [rank, place];
}
