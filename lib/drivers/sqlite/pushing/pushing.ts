import type { NewJob, Pushed } from '../../../storage/new-job.js';
import { awaitedOf } from '../../../storage/flow-ties.js';
import type { CancelBlocked, Flows } from '../settling/flows.js';
import { chunksOf, insertContents } from './content-rows.js';
import type { Lanes } from '../jobs/lanes.js';
import type { Policies } from '../jobs/policies.js';
import { PLAIN_COLUMNS, pushedRow } from './pushed-row.js';
import type { RichPushing } from './rich-pushing.js';
import type { Transaction } from '../connection/transaction.js';

const VALUES = PLAIN_COLUMNS.replaceAll(/\w+/g, '?');
const JOB = `insert into jobs_job (seq, ${PLAIN_COLUMNS}) values (?, ${VALUES})`;
// The seqs of one chunk follow one another, and are nobody else's under the write lock.
const ALIKE_JOBS = `
  insert into jobs_job (seq, ${PLAIN_COLUMNS})
  select seq, ${VALUES} from jobs_content where seq between ? and ?`;
// What a chunk stored has no job yet; what was there before has one.
const UNDO_CHUNK = `
  delete from jobs_content
  where id in (select value from json_each(?))
    and not exists (select 1 from jobs_job where jobs_job.seq = jobs_content.seq)`;

/** Stores new jobs. */
export class Pushing {
  readonly #lanes: Lanes;
  readonly #policies: Policies;
  readonly #rich: RichPushing;
  readonly #flows: Flows;
  readonly #cancelBlocked: CancelBlocked;

  constructor(
    lanes: Lanes,
    policies: Policies,
    rich: RichPushing,
    flows: Flows,
    cancelBlocked: CancelBlocked,
  ) {
    this.#lanes = lanes;
    this.#policies = policies;
    this.#rich = rich;
    this.#flows = flows;
    this.#cancelBlocked = cancelBlocked;
  }

  pushAll(tx: Transaction, jobs: readonly NewJob[]): Pushed[] {
    const pushed: Pushed[] = [];
    const awaited = awaitedOf(jobs);
    const isRich = (job: NewJob) => !asksForNothing(job) || awaited.has(job.id);
    for (let start = 0; start < jobs.length;) {
      const plain = untilFirst(jobs, start, isRich);
      for (const chunk of chunksOf(plain)) pushed.push(...this.#pushPlain(tx, chunk));
      start += plain.length;
      const rich = jobs[start];
      if (rich === undefined) break;
      pushed.push(this.#rich.push(tx, rich, awaited));
      start += 1;
    }
    this.#flows.add(tx, jobs, pushed, this.#cancelBlocked);
    return pushed;
  }

  // Most chunks hold nothing that is there already: then one statement stores them all. It cannot tell which row
  // of it met another, so that a chunk with a duplicate is taken back and stored one by one.
  #pushPlain(tx: Transaction, jobs: readonly NewJob[]): Pushed[] {
    const { rows, last } = insertContents(tx, jobs);
    if (rows < jobs.length) {
      if (jobs.length === 1) return jobs.map(({ id }) => ({ id, duplicate: true }));
      tx.sql.run(UNDO_CHUNK, JSON.stringify(jobs.map(({ id }) => id)));
      return jobs.flatMap((job) => this.#pushPlain(tx, [job]));
    }
    this.#insertJobs(tx, jobs, last - rows + 1);
    return jobs.map(({ id }) => ({ id, duplicate: false }));
  }

  /** Neighbours that differ in nothing but their content share a statement. */
  #insertJobs(tx: Transaction, jobs: readonly NewJob[], firstSeq: number): void {
    let start = 0;
    for (const [index, job] of jobs.entries()) {
      const next = jobs[index + 1];
      if (next !== undefined && isAlike(job, next)) continue;
      const row = pushedRow(tx, job, this.#lanes, this.#policies);
      if (start === index) tx.sql.run(JOB, firstSeq + index, ...row);
      else tx.sql.run(ALIKE_JOBS, ...row, firstSeq + start, firstSeq + index);
      this.#tell(tx, job.queue);
      start = index + 1;
    }
  }

  #tell(tx: Transaction, queue: string): void {
    this.#lanes.makeKnown(tx, queue);
    // Also for a job that is due later: whoever sleeps until the next one it knew of must look again.
    tx.noteReady(queue);
  }
}

function untilFirst(
  jobs: readonly NewJob[],
  start: number,
  isOther: (job: NewJob) => boolean,
): readonly NewJob[] {
  let end = start;
  for (let job = jobs[end]; job !== undefined && !isOther(job); job = jobs[end]) end += 1;
  return start === 0 && end === jobs.length ? jobs : jobs.slice(start, end);
}

/** Most jobs ask for nothing that has a column of its own. */
function asksForNothing({ unique, expiresIn, order, group, flow, after }: NewJob): boolean {
  return (
    unique === undefined &&
    expiresIn === undefined &&
    order === undefined &&
    group === undefined &&
    flow === undefined &&
    after === undefined
  );
}

function isAlike(a: NewJob, b: NewJob): boolean {
  return (
    a.queue === b.queue &&
    a.name === b.name &&
    a.policy === b.policy &&
    a.priority === b.priority &&
    timeOf(a) === timeOf(b) &&
    'at' in a.due === 'at' in b.due
  );
}

function timeOf({ due }: NewJob): number {
  return 'at' in due ? due.at : due.in;
}
