import { QueueHandle, Runner, type RunnerEvent } from 'nestjs-background-jobs/core';
import { SqliteStorage } from 'nestjs-background-jobs/sqlite';
import { handlers } from './handlers.js';
import { DailyReport } from './jobs.js';
import { serve } from './server.js';

const PORT = Number(process.env.PORT ?? 3000);
// One press of Ctrl-C sends two signals where npm passes it on.
const ECHO = 500;

// Whoever makes the storage opens and closes it.
const storage = new SqliteStorage({ path: process.env.JOBS_DB ?? 'jobs.db' });
await storage.open();

const jobs = new QueueHandle(storage);
const runner = new Runner({
  storage,
  handlers: handlers(jobs),
  queues: { default: 4, mail: 10 },
  grace: 20_000,
  onEvent: log,
});

// Declared at each start, by each process: it is one schedule all the same, and one job a day.
await jobs.cron('0 7 * * *', new DailyReport('#ops'), { key: 'daily-report', timeZone: 'Europe/Berlin' });
await runner.start();
const server = await serve(PORT, jobs, runner).catch(refuse);
process.stdout.write(`Process ${process.pid} works, and listens on http://127.0.0.1:${PORT}\n`);

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop());

// Jobs first, while all that they use is there; a second signal, unless it is an echo of the first, cuts their time short.
let firstSignalAt: number | undefined;
async function stop(): Promise<void> {
  const now = performance.now();
  if (firstSignalAt !== undefined) {
    if (now - firstSignalAt >= ECHO) await runner.stop({ now: true });
    return;
  }
  firstSignalAt = now;
  await runner.stop();
  server.close();
  await storage.close();
}

async function refuse(error: Error): Promise<never> {
  process.stdout.write(`Nothing can listen at port ${PORT}: ${error.message}
Choose another one, such as PORT=${PORT + 1}
`);
  await runner.stop({ now: true });
  await storage.close();
  process.exit(1);
}

function log(event: RunnerEvent): void {
  if ('job' in event) process.stdout.write(`${event.job.name} ${event.kind}\n`);
  else process.stdout.write(`${event.kind}\n`);
}
