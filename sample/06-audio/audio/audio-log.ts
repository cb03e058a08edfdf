import { Injectable } from '@nestjs/common';
import { OnJobEvent, type EventOf } from 'nestjs-background-jobs';
import { Transcode } from './transcode.job.js';

/** What happened to the jobs of this process, the newest last. */
@Injectable()
export class AudioLog {
  readonly lines: string[] = [];

  @OnJobEvent('completed', { job: Transcode })
  onCompleted({ job }: EventOf<'completed'>): void {
    this.lines.push(`${job.name} completed`);
  }

  @OnJobEvent('failed', { job: Transcode })
  onFailed({ job, failure }: EventOf<'failed'>): void {
    this.lines.push(`${job.name} failed: ${failure?.message}`);
  }
}
