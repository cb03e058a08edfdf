import { Job, type JobContext } from 'nestjs-background-jobs';

/** What became of one issue. */
export interface Report {
  readonly customer: string;
  readonly sent: number;
  readonly dead: number;
}

/** Comes after all copies of an issue, however they ended. */
@Job({ name: 'issue-report' })
export class IssueReport {
  constructor(readonly customer: string) {}

  run(context: JobContext): Report {
    const ends = context.parents.map(({ ended }) => ended);
    const sent = ends.filter((end) => end === 'completed').length;
    return { customer: this.customer, sent, dead: ends.length - sent };
  }
}
