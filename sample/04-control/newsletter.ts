import { Injectable } from '@nestjs/common';
import { QueueHandle } from 'nestjs-background-jobs';
import { IssueReport } from './jobs/issue-report.job.js';
import { SendIssue } from './jobs/send-issue.job.js';

@Injectable()
export class Newsletter {
  constructor(private readonly jobs: QueueHandle) {}

  /** Queues an issue for these readers, and resolves with the id of its report. */
  async send(customer: string, readers: readonly string[]): Promise<string> {
    const copies = readers.map((reader) => new SendIssue(customer, reader));
    const { onEnd = '' } = await this.jobs.batch(copies, { onEnd: new IssueReport(customer) });
    return onEnd;
  }
}
