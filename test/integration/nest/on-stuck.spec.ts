import {
  BackgroundJobsModule,
  Job,
  OnJobEvent,
  QueueHandle,
  type EventOf,
  type WaitTimeoutError,
} from 'nestjs-background-jobs';
import { describe, expect, it } from 'vitest';
import { boot, bootError } from './application.js';

@Job({ name: 'deaf', timeout: 50, maxRetries: 0 })
class Deaf {
  run(): Promise<void> {
    return new Promise(() => {});
  }
}

@Job({ name: 'quick' })
class Quick {
  run(): string {
    return 'done';
  }
}

class Watch {
  readonly seen: boolean[] = [];

  @OnJobEvent('stuck', { job: Deaf })
  onStuck({ isReleased }: EventOf<'stuck'>): void {
    this.seen.push(isReleased);
  }
}

const providers = [Deaf, Quick, Watch];

function imports(onStuck: unknown) {
  const workers = { default: { concurrency: 1, ...(onStuck ? { onStuck: onStuck as 'hold' } : {}) } };
  return [BackgroundJobsModule.forRoot({ workers, shutdown: { grace: 0, abortGrace: 50 } })];
}

describe('onStuck of the workers', () => {
  it.each([
    ['release', true],
    ['hold', false],
    [undefined, false],
  ])('%s: the next job waits for the end of the code or not', async (onStuck, isReleased) => {
    const { app, log } = await boot({ imports: imports(onStuck), providers });
    const queue = app.get(QueueHandle);
    await queue.queue(new Deaf());
    const { id } = await queue.queue(new Quick());
    await expect.poll(() => app.get(Watch).seen).toEqual([isReleased]);
    const slot = isReleased ? 'its slot is free, the code goes on' : 'its slot stays taken until it ends';
    expect(log.lines.join('\n')).toContain(`signal aborted (timeout): ${slot}`);
    const timeout = isReleased ? 20_000 : 400;
    const ended = await queue.wait(id, { timeout }).catch(({ code }: WaitTimeoutError) => code);
    expect(ended).toBe(isReleased ? 'done' : 'WAIT_TIMEOUT');
  });

  it('is checked at boot', async () => {
    const error = await bootError({ imports: imports('kill'), providers });
    expect(error.message).toBe(`workers.default: onStuck "kill" is neither 'hold' nor 'release'`);
  });
});
