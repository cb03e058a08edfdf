import { positionOf } from './position.js';
import type { SqlRow } from '../connection/sqlite-client.js';

/** What must be known of a job to change it, read under the write lock that it is then changed under. */
export const FOUND_COLUMNS = `jobs_job.seq, lane, state, token, attempt, stalls, stalled_at, run_at, priority, policy,
  cancel_reason, failures, lost_tokens, expires_at, ordering, grp, due_in, edges, unique_name, jobs_note.seq as note`;
/** What is noted of a job whose row was found before. */
export const WITH_NOTE = `left join jobs_note on jobs_note.seq = jobs_job.seq`;
const BOTH = `jobs_content cross join jobs_job on jobs_job.seq = jobs_content.seq ${WITH_NOTE}`;
export const FIND = `select ${FOUND_COLUMNS} from ${BOTH} where id = ?`;
export const FIND_BY_SEQ = `select ${FOUND_COLUMNS} from ${BOTH} where jobs_content.seq = ?`;
/** Along with the name of its group. */
export const FIND_WHOLE = `select ${FOUND_COLUMNS}, group_name from ${BOTH} where id = ?`;

/** What stands in `rank` and `place` of a job that is due then. */
export function positionValues(
  { ordering, seq, priority: present }: SqlRow,
  runAt: number,
  priority = present as number,
): [rank: number, place: number] {
  const { rank, place } = positionOf(ordering as number | null, seq as number, priority, runAt);
  return [rank, place];
}
