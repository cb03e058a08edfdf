import { QueueHandle, Runner, type RunnerEvent } from 'nestjs-background-jobs/core';
import { SqliteStorage } from 'nestjs-background-jobs/sqlite';
import { handlers } from './handlers.js';
import { DailyReport } from './jobs.js';
import { serve } from './server.js';

const PORT = Number(process.env.PORT ?? 3000);

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
const server = serve(PORT, jobs, runner);
process.stdout.write(`Process ${process.pid} works, and listens on http://127.0.0.1:${PORT}\n`);

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop());

// Jobs first, while all that they use is there; a second signal cuts their time short.
let isStopping = false;
async function stop(): Promise<void> {
  if (isStopping) return runner.stop({ now: true });
  isStopping = true;
  await runner.stop();
  server.close();
  await storage.close();
}

function log(event: RunnerEvent): void {
  if ('job' in event) process.stdout.write(`${event.job.name} ${event.kind}\n`);
  else process.stdout.write(`${event.kind}\n`);
}
