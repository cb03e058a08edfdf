import { watch, type FSWatcher } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Clock } from '../../../core/clock.js';
import type { SignalHub } from '../../../storage/signal.js';
import type { Statements } from '../connection/sqlite-client.js';

// It changes when another connection has committed, and not when this one has.
const DATA_VERSION = `pragma data_version`;
// A flush takes from under one to tens of milliseconds.
const LOOKS = 50;
const BETWEEN_LOOKS = 1;
const PULSES = `select kind, beats from jobs_pulse`;

/**
 * Hears of other processes' commits: they write to the `-wal` file beside the database. Watches the directory,
 * since that file comes and goes; and never opens any of the files, since closing one would drop the locks that
 * SQLite holds for this process. Some mounts tell nothing; then polling has to do.
 */
export class FileWatch {
  readonly #file: string;
  readonly #hub: SignalHub;
  readonly #clock: Clock;
  readonly #sql: Statements;
  readonly #pulses = new Map<string, number>();
  #watcher: FSWatcher | undefined;
  #version: unknown;
  #looksLeft = 0;

  constructor(file: string, hub: SignalHub, clock: Clock, sql: Statements) {
    this.#file = file;
    this.#hub = hub;
    this.#clock = clock;
    this.#sql = sql;
  }

  /** Safe to repeat. */
  start(): void {
    if (this.#watcher !== undefined) return;
    const wal = `${basename(this.#file)}-wal`;
    try {
      this.#version = this.#sql.first(DATA_VERSION)?.data_version;
      this.#changedPulses();
      this.#watcher = watch(dirname(this.#file), { persistent: false }, (_, name) => {
        if (name === wal) this.#look();
      });
      this.#watcher.on('error', () => this.stop());
    } catch {
      this.#watcher = undefined;
    }
  }

  stop(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    // Else a later start would take the looking for under way.
    this.#looksLeft = 0;
  }

  // The file is written before its flush, and a commit can be seen only after it, with no further event. So each
  // event starts a while of looking, also where news came meanwhile: that may have been of the commit before.
  #look(): void {
    if (!this.#hub.isHeard) return;
    const isLooking = this.#looksLeft > 0;
    this.#looksLeft = LOOKS;
    if (!isLooking) this.#lookLater();
  }

  #lookLater(): void {
    this.#clock.after(BETWEEN_LOOKS, () => {
      this.#looksLeft -= 1;
      if (this.#watcher === undefined) return;
      this.#tellNews();
      if (this.#looksLeft > 0) this.#lookLater();
    });
  }

  #tellNews(): void {
    try {
      const version = this.#sql.first(DATA_VERSION)?.data_version;
      if (version === this.#version) return;
      this.#version = version;
      for (const kind of this.#changedPulses()) this.#hub.emit({ kind });
      this.#hub.emit({ kind: 'ready' });
    } catch {
      // The file is locked for a moment, or being closed. Whoever listens polls as well.
    }
  }

  #changedPulses(): ('cancel' | 'schedule')[] {
    const changed = this.#sql
      .all(PULSES)
      .filter(({ kind, beats }) => this.#pulses.get(kind as string) !== beats);
    for (const { kind, beats } of changed) this.#pulses.set(kind as string, beats as number);
    return changed.map(({ kind }) => kind as 'cancel' | 'schedule');
  }
}
