import { setTimeout as wait } from 'node:timers/promises';
import { Job, type JobContext } from 'nestjs-background-jobs';
import { Tally } from '../tally.js';

const MILLISECONDS_PER_PHOTO = 20;

/** Stands for 20 ms of waiting for somebody else. Nobody asks for its record afterwards, so that none is kept. */
@Job({ name: 'resize-photo', keep: { completed: false }, inject: [Tally] })
export class ResizePhoto {
  constructor(readonly photo: number) {}

  async run(tally: Tally, context: JobContext): Promise<void> {
    await wait(MILLISECONDS_PER_PHOTO, undefined, { signal: context.signal });
    // A token above 1: another lease was there before, whose owner did not get to the end.
    tally.count({ isAgain: context.token > 1, isCharged: context.attempt > 1 });
  }
}
