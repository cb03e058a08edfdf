import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TemporaryFile {
  readonly path: string;
  remove(): Promise<void>;
}

/** A place for one database, in a folder of its own, since SQLite keeps further files beside it. */
export function temporaryFile(): TemporaryFile {
  const folder = mkdtempSync(join(tmpdir(), 'jobs-bench-'));
  return { path: join(folder, 'jobs.db'), remove: () => rm(folder, { recursive: true, force: true }) };
}
