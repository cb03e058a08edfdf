import { Module } from '@nestjs/common';
import { BackgroundJobsModule } from 'nestjs-background-jobs';
import { storage } from './redis.js';

@Module({ imports: [BackgroundJobsModule.forRoot({ storage: storage(), workers: false })] })
export class ProducerModule {}
