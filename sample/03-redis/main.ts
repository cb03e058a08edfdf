import { setTimeout as wait } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import { QueueHandle } from 'nestjs-background-jobs';
import { ResizePhoto } from './jobs/resize-photo.job.js';
import { ProducerModule } from './producer.module.js';
import { PLACE, PREFIX } from './redis.js';
import { WorkerProcess } from './worker-process.js';

const PHOTOS = Number(process.env.PHOTOS ?? 10_000);
const BATCH = 1_000;

const app = await NestFactory.createApplicationContext(ProducerModule, {
  logger: ['warn', 'error'],
  abortOnError: false,
}).catch((error: Error) => {
  say(`This sample needs a Redis, and there is none that it can use at ${PLACE}:

  ${error.message}

Start one (docker run --rm -p 6379:6379 redis --appendonly yes), or name yours: REDIS_URL=redis://user:password@host:6379`);
  process.exit(1);
});
app.enableShutdownHooks();
const jobs = app.get(QueueHandle);

say(`${PHOTOS} photos are to be resized, 20 ms each. Their jobs are kept in the Redis at ${PLACE}, in keys that begin
with {${PREFIX}}. Two processes, 10 jobs at a time each, work on them. When a third is done one is killed with
kill -9, in the middle of its jobs. Nobody starts it again.
`);

for (let first = 1; first <= PHOTOS; first += BATCH) {
  const count = Math.min(BATCH, PHOTOS - first + 1);
  await jobs.queueAll(Array.from({ length: count }, (_, nth) => new ResizePhoto(first + nth)));
}

const [victim, survivor] = [new WorkerProcess(), new WorkerProcess()];
for (;;) {
  await wait(1_000);
  const waiting = await left();
  say(`process ${victim.pid}: ${victim.rate}   process ${survivor.pid}: ${survivor.rate}   left: ${waiting}`);
  if (waiting === 0) break;
  if (waiting < (PHOTOS * 2) / 3 && victim.isRunning && victim.done > 0) {
    await victim.end('SIGKILL');
    say(`kill -9 ${victim.pid}. What it had in hand goes to the other within 8 seconds: lease and sweep.`);
  }
}
// Its last words: a worker tells once a second what it did.
await wait(1_100);
await survivor.end('SIGTERM');

say(`
No job is left. Of those that the killed process had in hand, ${survivor.again} ran again; ${survivor.charged} lost an attempt by it.

What this sample leaves in Redis is a few counters. Remove them with
  redis-cli --scan --pattern '{${PREFIX}}:*' | xargs redis-cli unlink`);
await app.close();

async function left(): Promise<number> {
  const queues = await jobs.stats();
  return queues.reduce(
    (sum, { ready, running, scheduled, retrying }) => sum + ready + running + scheduled + retrying,
    0,
  );
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
