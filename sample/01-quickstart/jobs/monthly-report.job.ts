import { setTimeout as wait } from 'node:timers/promises';
import { Job, type JobContext } from 'nestjs-background-jobs';

const MILLISECONDS_PER_PAGE = 500;

/** Takes seconds, tells how far it is, and stops when it is asked to. */
@Job({ name: 'monthly-report' })
export class MonthlyReport {
  constructor(
    readonly month: string,
    readonly pages: number,
  ) {}

  async run(context: JobContext): Promise<{ pages: number }> {
    for (let page = 1; page <= this.pages; page++) {
      await wait(MILLISECONDS_PER_PAGE, undefined, { signal: context.signal });
      context.progress({ page, of: this.pages });
      context.log(`${this.month}: page ${page} of ${this.pages}`);
    }
    return { pages: this.pages };
  }
}
