import {
  defineJob,
  MemoryStorage,
  Runner,
  type JobContext,
  type JobHandler,
} from 'nestjs-background-jobs/core';

class Resize {
  constructor(
    readonly key: string,
    readonly width: number,
  ) {}
}

class Rows {
  run() {
    return { count: 1 };
  }
}

class Rates {
  async run() {
    return [1.5];
  }
}

// What jobs before it returned is typed by their classes.
export function report(context: JobContext): number {
  const [rows, rates] = context.results(Rows, Rates);
  // @ts-expect-error they may have returned nothing
  const count: number = rows.count;
  // @ts-expect-error there are two
  const third: unknown = context.results(Rows, Rates)[2];
  return count + (rates?.[0] ?? Number(third));
}

const definition = defineJob(Resize, { name: 'resize', priority: (job) => job.width });

// A handler takes what defineJob returned as it is, also where options ask the job.
export const handler: JobHandler = { definition, run: (job) => job };

export const runner = new Runner({
  storage: new MemoryStorage(),
  handlers: [{ definition, run: (job: Resize, context: JobContext) => `${job.key} ${context.attempt}` }],
  queues: { default: 1 },
});

defineJob(Resize, {
  name: 'wrong',
  // @ts-expect-error the job has no such field
  priority: (job) => job.weight as number,
});

// @ts-expect-error a class is no definition
export const byClass: JobHandler = { definition: Resize, run: (job) => job };
