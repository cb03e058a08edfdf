import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { QueueHandle, type Storage } from 'nestjs-background-jobs/core';
import { Actor } from './actor.js';
import { createStorage } from './fixtures/storages.mjs';
import type { Place, SharedStorage } from './shared-storages.js';

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

/** A folder with a log, a place in a storage, and the processes that share them. */
export class Stage {
  readonly folder: string;
  readonly storage: Storage;
  readonly jobs: QueueHandle;
  readonly #env: NodeJS.ProcessEnv;
  readonly #place: Place;
  readonly #log: string;
  readonly #actors: Actor[] = [];
  /** From now on processes end because the test does. */
  isClosing = false;

  private constructor(folder: string, name: string, place: Place, storage: Storage) {
    this.folder = folder;
    this.storage = storage;
    this.jobs = new QueueHandle(storage);
    this.#env = { STORAGE: name, STORAGE_URL: place.url };
    this.#place = place;
    this.#log = join(folder, 'log.jsonl');
    writeFileSync(this.#log, '');
  }

  static async open({ name, place }: SharedStorage): Promise<Stage> {
    const folder = await mkdtemp(join(tmpdir(), 'jobs-e2e-'));
    const placed = await place(folder);
    const storage = await createStorage(name, placed.url);
    await storage.open();
    return new Stage(folder, name, placed, storage);
  }

  /** Where the data is. */
  get url(): string {
    return this.#place.url;
  }

  /** Starts a fixture, which gets the settings and the places of the data and the log. */
  spawn(fixture: string, settings: object = {}, env: NodeJS.ProcessEnv = {}): Actor {
    const config = JSON.stringify({ log: this.#log, ...settings });
    return this.run(fileURLToPath(new URL(`fixtures/${fixture}`, import.meta.url)), [config], env);
  }

  run(file: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Actor {
    const child: ChildProcess = spawn(process.execPath, [file, ...args], {
      cwd: this.folder,
      env: { ...process.env, NO_COLOR: '1', ...this.#env, ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const actor = new Actor(child);
    this.#actors.push(actor);
    return actor;
  }

  /** Those of one kind, or all, in the order in which they were written. */
  lines(kind?: string): readonly Line[] {
    return (
      readFileSync(this.#log, 'utf8')
        .split('\n')
        // What stands behind the last end of a line is one that is being written.
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Line)
        .filter((line) => kind === undefined || line.kind === kind)
    );
  }

  /** What to read when something did not happen. */
  readonly story = (): string =>
    [...this.#actors.map((actor) => actor.output), readFileSync(this.#log, 'utf8').slice(-2_000)].join('\n');

  async close(): Promise<void> {
    this.isClosing = true;
    await Promise.all(this.#actors.map((actor) => actor.end('SIGKILL')));
    await this.storage.close();
    await this.#place.remove();
    await rm(this.folder, { recursive: true, force: true });
  }
}
