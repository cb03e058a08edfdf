import { NestFactory } from '@nestjs/core';
import { QueueHandle } from 'nestjs-background-jobs';
import { AppModule, DATABASE } from './app.module.js';
import { MonthlyReport } from './jobs/monthly-report.job.js';
import { PartnerSync } from './jobs/partner-sync.job.js';
import { WelcomeEmail } from './jobs/welcome-email.job.js';

const PORT = Number(process.env.PORT ?? 3000);

const app = await NestFactory.create(AppModule);
// Without this a deploy would cut running jobs off; with it they finish, or go back to the queue.
app.enableShutdownHooks();
try {
  await app.listen(PORT, '127.0.0.1');
} catch (error) {
  process.stdout.write(`
Nothing can listen at port ${PORT}: ${(error as Error).message}
Choose another one, such as PORT=${PORT + 1} npm start
`);
  await app.close();
  process.exit(1);
}

const url = `http://127.0.0.1:${PORT}`;
process.stdout.write(`
Jobs are kept in ${DATABASE}. Try, in another terminal:

  curl -X POST ${url}/signup -H 'content-type: application/json' -d '{"email":"ada@example.com"}'
  curl -X POST ${url}/reports -H 'content-type: application/json' -d '{"month":"2030-01","pages":20}'
  curl -X POST ${url}/sync
  curl ${url}/jobs            # the queues in numbers
  curl ${url}/jobs/ID         # one job: state, progress, errors, result

Start a report, end this process with kill -9 ${process.pid} in the middle of it, and run npm start again:
the report is made again a few seconds later, and the crash cost it no attempt.
Ctrl-C instead lets running jobs end; a second one, a moment later, has them stop and go back to the queue.

A few jobs to begin with:

`);

const jobs = app.get(QueueHandle);
await jobs.queueAll([new WelcomeEmail('grace@example.com'), new PartnerSync('acme')]);
await jobs.queue(new MonthlyReport('2029-12', 5));
