import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { QueueHandle } from 'nestjs-background-jobs/core';
import { SqliteStorage } from 'nestjs-background-jobs/sqlite';
import { Actor } from './actor.js';

/** A line that a process wrote: an event of its runner, or what a job did. */
export interface Line {
  readonly kind: string;
  readonly pid: number;
  /** Milliseconds since the epoch, with fractions. */
  readonly at: number;
  readonly id?: string;
  readonly token?: number;
  readonly reason?: string;
}

/** A folder with one database file and one log, and the processes that share them. */
export class Stage {
  readonly folder: string;
  readonly database: string;
  readonly storage: SqliteStorage;
  readonly jobs: QueueHandle;
  readonly #log: string;
  readonly #actors: Actor[] = [];

  constructor(folder: string) {
    this.folder = folder;
    this.database = join(folder, 'jobs.db');
    this.#log = join(folder, 'log.jsonl');
    this.storage = new SqliteStorage({ path: this.database, durability: 'normal' });
    this.jobs = new QueueHandle(this.storage);
  }

  static async open(): Promise<Stage> {
    const stage = new Stage(await mkdtemp(join(tmpdir(), 'jobs-e2e-')));
    writeFileSync(stage.#log, '');
    await stage.storage.open();
    return stage;
  }

  /** Starts a fixture, which gets the settings and the places of the database and the log. */
  spawn(fixture: string, settings: object = {}): Actor {
    const config = JSON.stringify({ database: this.database, log: this.#log, ...settings });
    return this.run(fileURLToPath(new URL(`fixtures/${fixture}`, import.meta.url)), [config]);
  }

  run(file: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Actor {
    const child: ChildProcess = spawn(process.execPath, [file, ...args], {
      cwd: this.folder,
      env: { ...process.env, NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const actor = new Actor(child);
    this.#actors.push(actor);
    return actor;
  }

  lines(kind: string): readonly Line[] {
    return readFileSync(this.#log, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line)
      .filter((line) => line.kind === kind);
  }

  /** What to read when something did not happen. */
  readonly story = (): string =>
    [...this.#actors.map((actor) => actor.output), readFileSync(this.#log, 'utf8').slice(-2_000)].join('\n');

  async close(): Promise<void> {
    await Promise.all(this.#actors.map((actor) => actor.end('SIGKILL')));
    await this.storage.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
