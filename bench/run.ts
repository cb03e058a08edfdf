import { appendFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { machine } from './machine.js';
import { plan, STORAGES, type Comparison, type Planned } from './plan.js';
import { pairsOf, readResults, type Result } from './results.js';
import { postgresServer } from './servers/postgres-server.js';
import { redisServer } from './servers/redis-server.js';
import type { Server } from './servers/server.js';
import { tablesOf } from './table.js';
import { take, type Durability } from './trial.js';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    measure: { type: 'string', multiple: true, default: [] },
    storage: { type: 'string', multiple: true, default: [] },
    durability: { type: 'string', default: 'full' },
    json: { type: 'string' },
    tables: { type: 'string', multiple: true, default: [] },
    quick: { type: 'boolean', default: false },
  },
});
if (options.tables.length > 0) printTables(readResults(options.tables));
else await measure();

async function measure(): Promise<void> {
  const comparisons = plan(options.quick).filter(isWanted);
  const unknown = options.storage.filter((name) => !STORAGES.some((storage) => storage === name));
  if (comparisons.length === 0 || unknown.length > 0)
    throw new Error('nothing that is measured has that name');
  const rounds = options.quick ? 1 : Number(options.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds is a whole number from 1');
  const durability = options.durability as Durability;
  if (durability !== 'full' && durability !== 'normal') throw new Error('--durability is full or normal');
  if (options.json !== undefined) writeFileSync(options.json, '');

  const servers = await start(comparisons);
  try {
    const results: Result[] = [];
    for (let round = 0; round < rounds; round++) {
      for (const comparison of comparisons) {
        if (round >= (comparison.mostRounds ?? rounds)) continue;
        results.push(...(await takePair(comparison, round, durability)));
      }
    }
    process.stdout.write(`\n${machine()}, ${rounds} rounds, SQLite synchronous=${durability}\n`);
    printTables(results);
  } finally {
    for (const server of servers) await server.stop();
  }
}

function isWanted({ storage, trial }: Comparison): boolean {
  const { measure: measures, storage: storages } = options;
  const isMeasure = measures.length === 0 || measures.some((name) => trial.measure.startsWith(name));
  return isMeasure && (storages.length === 0 || storages.includes(storage));
}

/** What the storages need; the processes that measure find it in their environment. */
async function start(comparisons: readonly Comparison[]): Promise<readonly Server[]> {
  const servers: Server[] = [];
  const makers = [
    { storage: 'postgres', variable: 'POSTGRES_URL', make: postgresServer },
    { storage: 'redis', variable: 'REDIS_URL', make: redisServer },
  ] as const;
  for (const { storage, variable, make } of makers) {
    if (!comparisons.some((comparison) => comparison.storage === storage)) continue;
    const server = await make();
    servers.push(server);
    process.env[variable] = server.url;
    process.stdout.write(`${storage}: ${server.origin}\n`);
  }
  return servers;
}

/** One right after the other, so that a slow phase of the machine hits both; the order changes with each round. */
async function takePair(
  comparison: Comparison,
  round: number,
  durability: Durability,
): Promise<readonly Result[]> {
  const { trial, baseline } = comparison;
  const sides: [Result['side'], Planned][] = [['ours', trial]];
  if (baseline !== undefined) sides.push(['baseline', baseline]);
  if (round % 2 === 1) sides.reverse();
  const results: Result[] = [];
  for (const [side, planned] of sides) {
    const measurement = await take({ ...planned, durability });
    const { storage, title } = comparison;
    const of = { storage, title, side, round, isQuick: options.quick };
    const result = { ...of, ...planned, durability, ...measurement, machine: machine() };
    results.push(result);
    write(`${JSON.stringify(result)}\n`);
  }
  return results;
}

function write(line: string): void {
  if (options.json === undefined) process.stdout.write(line);
  else appendFileSync(options.json, line);
}

function printTables(results: readonly Result[]): void {
  process.stdout.write(`\n${tablesOf(pairsOf(results))}\n`);
}
