import { Module } from '@nestjs/common';
import { BackgroundJobsModule } from 'nestjs-background-jobs';
import { RedisStorage } from 'nestjs-background-jobs/redis';
import { AudioModule } from './audio/audio.module.js';

@Module({
  imports: [
    BackgroundJobsModule.forRoot({
      storage: new RedisStorage({ url: process.env.REDIS_URL ?? 'redis://127.0.0.1:6379' }),
      workers: { default: 10, audio: 4 },
    }),
    AudioModule,
  ],
})
export class AppModule {}
