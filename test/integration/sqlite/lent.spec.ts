import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openDatabase } from '../../../lib/drivers/sqlite/connection/open-database.js';
import { SqliteStorage } from '../../../lib/drivers/sqlite/index.js';

it('the application keeps the busy timeout that it set', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'jobs-sqlite-'));
  const database = await openDatabase(join(folder, 'app.db'));
  const storage = new SqliteStorage({ database, durability: 'normal' });
  try {
    database.exec('pragma busy_timeout = 1234');
    const timeout = () => database.prepare('pragma busy_timeout').all();
    await storage.open();
    expect(timeout()).toEqual([{ timeout: 1234 }]);
    await storage.pause('q', 'why');
    expect(timeout()).toEqual([{ timeout: 1234 }]);
  } finally {
    await storage.close();
    database.close();
    await rm(folder, { recursive: true });
  }
});

it('a push waits while the application has a transaction of its own open, and is no part of it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'jobs-sqlite-'));
  const database = await openDatabase(join(folder, 'app.db'));
  const storage = new SqliteStorage({ database, durability: 'normal' });
  try {
    await storage.open();
    database.exec('begin');
    const job = { id: 'a', name: 'n', queue: 'q', payload: '{}', policy: '{}', priority: 0, due: { in: 0 } };
    const pushed = storage.push([job]);
    await new Promise((resolve) => setTimeout(resolve, 30));
    database.exec('rollback');
    expect(await pushed).toEqual([{ id: 'a', duplicate: false }]);
    expect((await storage.info(['a']))[0]?.state).toBe('ready');
  } finally {
    await storage.close();
    database.close();
    await rm(folder, { recursive: true });
  }
});
