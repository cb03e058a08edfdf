import { Job, JobHandler, type JobContext, type JobRunner } from 'nestjs-background-jobs';

@Job({ name: 'resize' })
class Resize {
  constructor(
    readonly key: string,
    readonly width: number,
  ) {}
}

@Job({ name: 'other' })
class Other {
  constructor(readonly different: boolean) {}
}

class Bucket {
  readonly name = 'bucket';
}

@JobHandler(Resize)
export class ResizeHandler implements JobRunner<Resize> {
  constructor(private readonly bucket: Bucket) {}

  async run(job: Resize, context: JobContext): Promise<string> {
    return `${this.bucket.name}/${job.key}@${job.width} ${context.attempt}`;
  }
}

@JobHandler(Resize)
export class WithoutContext {
  run(job: Resize): number {
    return job.width;
  }
}

// @ts-expect-error it runs jobs of another class
@JobHandler(Resize)
export class WrongJob {
  run(_job: Other): void {}
}

// @ts-expect-error it has no run
@JobHandler(Resize)
export class NoRun {}

// @ts-expect-error a name is no job class
@JobHandler('resize')
export class ByName {
  run(): void {}
}
