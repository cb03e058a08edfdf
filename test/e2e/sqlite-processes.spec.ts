import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openDatabase } from '../../lib/drivers/sqlite/connection/open-database.js';
import { SqliteStorage } from '../../lib/drivers/sqlite/sqlite-storage.js';
import { jobsOf } from '../../lib/testing/contract/job-factories.js';

const PROGRAM = fileURLToPath(new URL('fixtures/sqlite-process.mjs', import.meta.url));

type Step = 'open' | 'push' | 'take' | 'drain' | 'close';

let folder = '';
let path = '';
const processes: OtherProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'jobs-processes-'));
  path = join(folder, 'jobs.db');
});

afterEach(async () => {
  await Promise.all(processes.splice(0).map((process) => process.end()));
  await rm(folder, { recursive: true });
});

it('ten processes that open a missing file at once all succeed, and make one schema', async () => {
  const ten = await start(10);
  expect(await all(ten, 'open')).toEqual(ten.map(() => 'done'));
  expect(await all(ten, 'push')).toEqual(ten.map(({ id }) => [{ id, duplicate: false }]));
  expect(await all(ten, 'close')).toEqual(ten.map(() => 'done'));
  const database = await openDatabase(path, 'libsql');
  try {
    expect(database.prepare('select * from jobs_schema').all()).toEqual([{ name: 'version', value: 1 }]);
    expect(database.prepare('select kind from jobs_pulse').all()).toHaveLength(2);
    expect(database.prepare('select id from jobs_content').all()).toHaveLength(10);
    expect(database.prepare('pragma integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
  } finally {
    database.close();
  }
});

it('two processes that take from one file of 500 jobs take each job once', async () => {
  const jobs = jobsOf(500);
  const storage = new SqliteStorage({ path, driver: 'libsql', durability: 'normal' });
  await storage.open();
  await storage.push(jobs);
  await storage.close();
  const two = await start(2);
  await all(two, 'open');
  // Each has one before either may have all.
  const first = (await all(two, 'take')) as string[][];
  expect(first.map((ids) => ids.length)).toEqual([1, 1]);
  const rest = (await all(two, 'drain')) as string[][];
  const taken = [...first, ...rest].flat();
  expect(taken).toHaveLength(jobs.length);
  expect(new Set(taken)).toEqual(new Set(jobs.map(({ id }) => id)));
});

async function start(count: number): Promise<readonly OtherProcess[]> {
  const started = Array.from({ length: count }, (_, index) => new OtherProcess(`process-${index}`));
  processes.push(...started);
  expect(await Promise.all(started.map((process) => process.answer()))).toEqual(started.map(() => 'started'));
  return started;
}

function all(told: readonly OtherProcess[], step: Step): Promise<unknown[]> {
  return Promise.all(told.map((process) => process.does(step)));
}

/** A process of its own on the file, which takes one step when told. */
class OtherProcess {
  readonly id: string;
  readonly #child;
  readonly #lines;

  constructor(id: string) {
    this.id = id;
    this.#child = spawn(process.execPath, [PROGRAM, path, id], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  does(step: Step): Promise<unknown> {
    this.#child.stdin.write(`${step}\n`);
    return this.answer();
  }

  async answer(): Promise<unknown> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`${this.id} ended without an answer`);
    return JSON.parse(value);
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.stdin.end();
    await exit;
  }
}
