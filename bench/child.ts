import { MEASURES } from './measures.js';
import { SYSTEMS } from './systems.js';
import type { Measurement, Trial } from './trial.js';

// A benchmark that hangs would otherwise hang whatever started it.
const LONGEST = 180_000;

const trial = JSON.parse(process.argv[2] ?? '') as Trial;
setTimeout(() => {
  throw new Error(`no result after ${LONGEST} ms`);
}, LONGEST).unref();

const system = await SYSTEMS[trial.system](trial);
try {
  await system.open();
  const figures = await MEASURES[trial.measure](system, trial);
  const measurement: Measurement = { settings: system.settings, figures };
  process.stdout.write(JSON.stringify(measurement));
} finally {
  await system.close();
}
