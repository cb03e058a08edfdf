import { drain } from './drain.js';
import { enqueueBatches, enqueueConcurrently, enqueueSingly } from './enqueue.js';
import { groups } from './groups.js';
import { growth, growthOfNothing } from './growth.js';
import { latency } from './latency.js';
import { latencyAcross } from './latency-across.js';
import { memory } from './memory.js';
import { producers } from './producers.js';
import { steady } from './steady.js';
import type { System } from './system.js';
import type { Figures, MeasureName, Trial } from './trial.js';

/** Each takes an open system with nothing in it. */
export const MEASURES: Readonly<Record<MeasureName, (system: System, trial: Trial) => Promise<Figures>>> = {
  drain: drain,
  'enqueue-1': enqueueSingly,
  'enqueue-100': enqueueConcurrently,
  'enqueue-batch': enqueueBatches,
  latency: latency,
  'latency-across': latencyAcross,
  steady: steady,
  growth: growth,
  'growth-empty': growthOfNothing,
  groups: groups,
  memory: memory,
  producers: producers,
};
