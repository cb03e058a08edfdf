import type { SignalHub } from '../../storage/signal.js';
import { Claiming } from './claiming.js';
import { JobTable } from './job-table.js';
import { Operating } from './operating.js';
import { QueueTable } from './queue-table.js';
import { ReadyNews } from './ready-news.js';
import { RunnerTable } from './runner-table.js';
import { ScheduleTable } from './schedule-table.js';
import { Settling } from './settling.js';

/** All that an open storage holds; to close it is to let go of this. */
export class MemoryContents {
  readonly news: ReadyNews;
  readonly queues: QueueTable;
  readonly jobs: JobTable;
  readonly claiming: Claiming;
  readonly settling: Settling;
  readonly operating: Operating;
  readonly runners: RunnerTable;
  readonly schedules: ScheduleTable;

  constructor(hub: SignalHub, openedAt: number) {
    this.news = new ReadyNews(hub);
    this.queues = new QueueTable(openedAt);
    this.jobs = new JobTable(this.queues, this.news);
    this.claiming = new Claiming(this.jobs, this.queues);
    this.settling = new Settling(this.jobs);
    this.operating = new Operating(this.jobs, this.settling);
    this.runners = new RunnerTable(this.jobs);
    this.schedules = new ScheduleTable(this.jobs);
  }
}
