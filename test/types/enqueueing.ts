import { Backoff, Job, QueueHandle, type JobContext } from 'nestjs-background-jobs';

// Compiled by `npm run types`, never run: what must not compile is marked, and a mark without an error fails.

declare const jobs: QueueHandle;

@Job({ name: 'resize' })
class Resize {
  constructor(
    readonly key: string,
    readonly width: number,
  ) {}

  async run(_context: JobContext): Promise<{ readonly bytes: number }> {
    return { bytes: this.width };
  }
}

void jobs.queue(new Resize('a', 640), { priority: 1, backoff: Backoff.linear(5), keep: { dead: false } });
void jobs.queueAll([new Resize('a', 1), new Resize('b', 2)], { delay: '5s' });
void jobs.schedule(new Resize('a', 1), new Date(), { group: 'images' });
export const bytes: Promise<number> = jobs
  .queueAndWait(new Resize('a', 1))
  .then((result) => result?.bytes ?? 0);

// The payload is what the constructor takes.
// @ts-expect-error a width is a number
void jobs.queue(new Resize('a', '640'));
// @ts-expect-error the width is missing
void jobs.queue(new Resize('a'));
// @ts-expect-error a name and data are no job
void jobs.queue('resize', { key: 'a', width: 640 });
// @ts-expect-error one by one, or queueAll
void jobs.queue([new Resize('a', 1)], { misspelt: true });
// @ts-expect-error a list
void jobs.queueAll(new Resize('a', 1));
// @ts-expect-error the result is what run returns
export const text: Promise<string> = jobs.queueAndWait(new Resize('a', 1));

// @ts-expect-error the option is misspelt
void jobs.queue(new Resize('a', 1), { prioritiy: 1 });
// @ts-expect-error no duration
void jobs.queue(new Resize('a', 1), { delay: 'soon' });
// @ts-expect-error a date, or a delay
void jobs.queue(new Resize('a', 1), { runAt: 'tomorrow' });
// @ts-expect-error what depends on the job is said with the class
void jobs.queue(new Resize('a', 1), { priority: (job: Resize) => job.width });
// @ts-expect-error an id belongs to one job
void jobs.queueAll([new Resize('a', 1)], { id: 'one' });
// @ts-expect-error the time is said already
void jobs.schedule(new Resize('a', 1), '5m', { delay: '5s' });
// @ts-expect-error who waits for a job that may be rolled back?
void jobs.queueAndWait(new Resize('a', 1), { transaction: false });
