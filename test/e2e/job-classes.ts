import { defineJob } from 'nestjs-background-jobs/core';

/** The producer's side of `fixtures/jobs.mjs`: what is queued here runs there. */
export class Work {
  constructor(readonly milliseconds: number) {}
}

export class Block {
  constructor(readonly milliseconds: number) {}
}

defineJob(Work, { name: 'work' });
defineJob(Block, { name: 'block' });
