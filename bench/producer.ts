import { setTimeout as sleep } from 'node:timers/promises';
import { QueueHandle } from 'nestjs-background-jobs/core';
import { SqliteStorage } from 'nestjs-background-jobs/sqlite';
import { monotonic } from './latency-across.js';
import { mail } from './system.js';
import { MailJob } from './systems/ours.js';
import type { Durability } from './trial.js';

const [path = '', jobs, durability] = process.argv.slice(2);
const storage = new SqliteStorage({ path, durability: durability as Durability });
await storage.open();
const queue = new QueueHandle(storage);
for (let index = 0; index < Number(jobs); index++) {
  // So far apart that no job is found thanks to the news of the next one.
  await sleep(30 + Math.random() * 20);
  await queue.queue(new MailJob({ ...mail(index), subject: String(monotonic()) }));
}
await storage.close();
