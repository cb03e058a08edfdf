import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { noPrivatePostgres } from '../support/servers/start-postgres.js';
import { noPrivateRedis } from '../support/servers/start-redis.js';
import { ROOT, run } from './npm.js';

const { POSTGRES_URL: postgres, REDIS_URL: redis, REQUIRE_STORAGES: required = '' } = process.env;
/** Why they cannot be measured here: each has a server of its own, unless one is named. */
const MISSING: Readonly<Record<string, string | undefined>> = {
  memory: undefined,
  sqlite: undefined,
  postgres: postgres === undefined ? noPrivatePostgres() : undefined,
  redis: redis === undefined ? noPrivateRedis() : undefined,
};

interface Line {
  readonly title: string;
  readonly side: 'ours' | 'baseline';
  readonly figures: Readonly<Record<string, number>>;
}

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bench-'));
  await run(ROOT, 'npx', 'tsc', '--project', 'bench/tsconfig.build.json');
});

afterAll(() => rm(folder, { recursive: true, force: true }));

// Each measure once and small: that it works. How long it takes is nobody's business here, so all at once.
for (const [storage, missing] of Object.entries(MISSING)) {
  it.concurrent(`the benchmarks of ${storage} can be taken`, async ({ skip }) => {
    if (missing !== undefined && !required.split(',').includes(storage)) skip(missing);
    const file = join(folder, `${storage}.json`);
    await run(ROOT, 'node', 'bench/dist/run.js', '--quick', '--storage', storage, '--json', file);
    const lines = (await readFile(file, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
    const measured = new Set(lines.filter(({ side }) => side === 'ours').map(({ title }) => title));
    expect(measured.size).toBeGreaterThan(10);
    expect(lines.filter(({ figures }) => !Object.values(figures).some((figure) => figure > 0))).toEqual([]);
  });
}
