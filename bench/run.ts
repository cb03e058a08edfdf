import { appendFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { machine } from './machine.js';
import { plan, type Comparison } from './plan.js';
import { tableOf, type Pair } from './table.js';
import { take, type Durability, type Figures, type Trial } from './trial.js';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    measure: { type: 'string', multiple: true, default: [] },
    storage: { type: 'string', multiple: true, default: [] },
    durability: { type: 'string', default: 'full' },
    json: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
});

const comparisons = plan(options.quick).filter(isWanted);
if (comparisons.length === 0) throw new Error('nothing that is measured has that name');
const rounds = options.quick ? 1 : Number(options.rounds);
if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds is a whole number from 1');
const durability = options.durability as Durability;
if (durability !== 'full' && durability !== 'normal') throw new Error('--durability is full or normal');
if (options.json !== undefined) writeFileSync(options.json, '');

const pairs = new Map<Comparison, Pair[]>();
for (let round = 0; round < rounds; round++) {
  for (const comparison of comparisons) {
    const pair = await takePair(comparison, round);
    pairs.set(comparison, [...(pairs.get(comparison) ?? []), pair]);
  }
}
process.stdout.write(`\n${machine()}, ${rounds} rounds, synchronous=${durability}\n\n${tableOf(pairs)}\n`);

function isWanted({ storage, trial }: Comparison): boolean {
  const { measure: measures, storage: storages } = options;
  const isMeasure = measures.length === 0 || measures.some((measure) => trial.measure.startsWith(measure));
  return isMeasure && (storages.length === 0 || storages.includes(storage));
}

/** One right after the other, so that a slow phase of the machine hits both; the order changes with each round. */
async function takePair({ trial, baseline }: Comparison, round: number): Promise<Pair> {
  if (baseline === undefined) return { ours: await takeOne(trial, round) };
  if (round % 2 === 0) return { ours: await takeOne(trial, round), baseline: await takeOne(baseline, round) };
  const first = await takeOne(baseline, round);
  return { ours: await takeOne(trial, round), baseline: first };
}

async function takeOne(trial: Omit<Trial, 'durability'>, round: number): Promise<Figures> {
  const { settings, figures } = await take({ ...trial, durability });
  const line = `${JSON.stringify({ ...trial, round, ...figures, settings, machine: machine() })}\n`;
  if (options.json === undefined) process.stdout.write(line);
  else appendFileSync(options.json, line);
  return figures;
}
