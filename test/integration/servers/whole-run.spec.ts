import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { askPostgres } from '../../support/servers/ask-postgres.js';
import { postgresFolders } from '../../support/servers/programs.js';
import { noPrivatePostgres } from '../../support/servers/start-postgres.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const runs: ChildProcess[] = [];

afterEach(() => {
  for (const run of runs.splice(0)) run.kill('SIGKILL');
});

it('a run starts its private server before the tests and ends it after them', async ({ skip }) => {
  skip(noPrivatePostgres() !== undefined, noPrivatePostgres());
  const { run, printed } = runOfOneTest();
  const [code] = await once(run, 'exit');
  // A run that ended before its first test has an exit code of 0 too.
  expect(printed()).toMatch(/Tests +1 passed/);
  expect(printed()).toContain('redis: none; STORAGES leaves it out');
  expect([code, await askPostgres(urlIn(printed()))]).toEqual([0, { problem: expect.any(String) }]);
});

it('a private server goes also when the run is killed', async ({ skip }) => {
  skip(noPrivatePostgres() !== undefined, noPrivatePostgres());
  const { run, printed } = runOfOneTest();
  await expect.poll(printed, { timeout: 20_000 }).toMatch(PLACE);
  run.kill('SIGKILL');
  await expect.poll(() => askPostgres(urlIn(printed())), { timeout: 8_000 }).toHaveProperty('problem');
});

const PLACE = /private: started for this run at ([\d.:]+)/;

function urlIn(text: string): string {
  return `postgres://postgres@${PLACE.exec(text)?.[1] ?? 'nowhere'}/postgres`;
}

/** Vitest as a developer starts it, without what the run around it has set for its workers. */
function runOfOneTest() {
  const outer = /^(VITEST|SERVERS_OF|REQUIRE_STORAGES$|NODE_ENV$|NODE_OPTIONS$|POSTGRES_URL$)/;
  const inherited = Object.entries(process.env).filter(([name]) => !outer.test(name));
  const run = spawn(
    process.execPath,
    [
      ...['node_modules/vitest/vitest.mjs', 'run', '--project=integration'],
      ...['-t', 'every worker is told', 'test/integration/servers/find-servers.spec.ts'],
    ],
    {
      cwd: ROOT,
      env: {
        ...Object.fromEntries(inherited),
        NO_COLOR: '1',
        STORAGES: 'postgres',
        POSTGRES_PROGRAMS: postgresFolders()[0],
      },
    },
  );
  runs.push(run);
  let text = '';
  for (const stream of [run.stdout, run.stderr]) stream.on('data', (chunk) => (text += String(chunk)));
  return { run, printed: () => text };
}
