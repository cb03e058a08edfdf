import { setTimeout as sleep } from 'node:timers/promises';
import { monotonic } from './latency-across.js';
import { mail } from './system.js';
import { SYSTEMS } from './systems.js';
import type { Trial } from './trial.js';

const [given = '', address = '', jobs] = process.argv.slice(2);
const trial = JSON.parse(given) as Trial;
const system = await SYSTEMS[trial.system](trial, address);
await system.open();
for (let index = 0; index < Number(jobs); index++) {
  // So far apart that no job is found thanks to the news of the next one, and that no storage holds its news back to
  // gather them: an idle queue is what is measured.
  await sleep(60 + Math.random() * 20);
  await system.enqueue({ ...mail(index), subject: String(monotonic()) });
}
await system.close();
