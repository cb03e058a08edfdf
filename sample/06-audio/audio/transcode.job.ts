import { Job } from 'nestjs-background-jobs';

/** What was the name and the data of a job is a class. `AudioHandler` does the work. */
@Job({ name: 'transcode', queue: 'audio', maxRetries: 2 })
export class Transcode {
  constructor(readonly file: string) {}
}
