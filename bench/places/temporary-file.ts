import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Place } from './place.js';

/** A database's file, in a folder of its own, since SQLite keeps further files beside it. */
export function temporaryFile(settings: string, made?: string): Place {
  const address = made ?? join(mkdtempSync(join(tmpdir(), 'jobs-bench-')), 'jobs.db');
  return {
    address,
    describe: async () => settings,
    serverCpu: async () => 0,
    leave: async () => {
      if (made === undefined) await rm(dirname(address), { recursive: true, force: true });
    },
  };
}
