import { setTimeout as wait } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import { JobInspector, QueueHandle, ScheduleControl } from 'nestjs-background-jobs';
import { AppModule, DATABASE } from './app.module.js';
import type { Report } from './jobs/issue-report.job.js';
import { MailProvider } from './mail-provider.js';
import { Newsletter } from './newsletter.js';

const app = await NestFactory.createApplicationContext(AppModule, {
  logger: ['fatal'],
  abortOnError: false,
});
app.enableShutdownHooks();
const jobs = app.get(QueueHandle);
const inspector = app.get(JobInspector);
const newsletter = app.get(Newsletter);
const provider = app.get(MailProvider);

say(`A newsletter service. Its jobs are kept in ${DATABASE}. All mail together may start 40 times a second, and
each customer has two copies on their way at a time. "globex" has 80 readers, then "acme" comes with 10.
`);

const began = Date.now();
const globex = await newsletter.send('globex', readers(80));
const acme = await newsletter.send('acme', readers(10));

// Whoever comes last does not wait for all that came before: customers take turns.
say(print(await jobs.wait<Report>(acme)));
say(`  ${80 - provider.sentTo('globex')} copies of globex are not sent yet`);
say(print(await jobs.wait<Report>(globex)));
say(`  90 copies at 40 a second: ${Date.now() - began} ms
`);

const filter = { state: 'dead', name: 'send-issue' } as const;
const { count, causes, lasts } = await inspector.redrive(filter, { dryRun: true, rate: '5/s' });
say(`${count} copies are dead:`);
for (const { reason, fingerprint, sample, ...cause } of causes) {
  say(`  ${cause.count} x ${reason}, fingerprint ${fingerprint}: ${sample.errors.at(-1)?.message}`);
}
say(`The domain is mended. Bringing them back at 5 a second takes ${lasts} ms:`);
provider.isMended = true;
const { done } = await inspector.redrive(filter, { rate: '5/s' });
while (await isBusy()) await wait(50);
say(`  ${done} brought back, ${(await inspector.count(filter)).count} left dead
`);

const schedules = app.get(ScheduleControl);
const [first, second] = await schedules.coming('nightly-digest', 2);
say(
  `The nightly digest comes at three on the wall of Berlin: ${first?.toISOString()}, ${second?.toISOString()}`,
);
const digest = (await schedules.trigger('nightly-digest')) ?? '';
say(`  and now, by hand: ${await jobs.wait<string>(digest)}
`);

say(`Nothing is left to do. Start it again, or remove ${DATABASE}*.`);
await app.close();

/** One in ten has an old address. */
function readers(length: number): string[] {
  return Array.from({ length }, (_, nth) => {
    const domain = nth % 10 === 9 ? 'old.example' : 'example.org';
    return `reader-${nth}@${domain}`;
  });
}

function print({ customer, sent, dead }: Report): string {
  return `${customer}: ${sent} sent, ${dead} dead`;
}

async function isBusy(): Promise<boolean> {
  const queues = await jobs.stats();
  return queues.some(({ ready, scheduled, running, retrying }) => ready + scheduled + running + retrying > 0);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
