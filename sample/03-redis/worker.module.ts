import { Module } from '@nestjs/common';
import { BackgroundJobsModule } from 'nestjs-background-jobs';
import { ResizePhoto } from './jobs/resize-photo.job.js';
import { storage } from './redis.js';
import { Tally } from './tally.js';

@Module({
  imports: [
    BackgroundJobsModule.forRoot({
      storage: storage(),
      workers: { default: 10 },
      // Short, so that the wait after a crash is. The default of 30 s suits machines that pause now and then.
      lease: '5s',
    }),
  ],
  providers: [Tally, ResizePhoto],
})
export class WorkerModule {}
