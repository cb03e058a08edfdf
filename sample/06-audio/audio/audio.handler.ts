import { JobHandler, type JobContext, type JobRunner } from 'nestjs-background-jobs';
import { Encoder } from './encoder.js';
import { Transcode } from './transcode.job.js';

@JobHandler(Transcode)
export class AudioHandler implements JobRunner<Transcode> {
  constructor(private readonly encoder: Encoder) {}

  async run({ file }: Transcode, context: JobContext): Promise<{ output: string }> {
    const output = await this.encoder.encode(file, {
      signal: context.signal,
      onProgress: (percent) => context.progress({ percent }),
    });
    return { output };
  }
}
