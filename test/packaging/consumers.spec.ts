import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { pack, registryAnswers, run } from './npm.js';

const FIXTURES = join(import.meta.dirname, 'fixtures');
const APPLICATIONS = {
  'nest12-esm': 'Nest 12, ESM, TypeScript 7',
  'nest12-cjs': 'Nest 12, CommonJS, TypeScript 6',
  'nest11-cjs': 'Nest 11, CommonJS, TypeScript 5.9',
};

let folder = '';
let tarball = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packaging-'));
  tarball = await pack(folder);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

for (const [fixture, description] of Object.entries(APPLICATIONS)) {
  it(`installs, compiles and runs a job in an application on ${description}`, async ({ skip }) => {
    const app = join(folder, fixture);
    await cp(join(FIXTURES, fixture), app, { recursive: true });
    await cp(join(FIXTURES, 'main.ts'), join(app, 'main.ts'));

    const failure = await install(app).catch((error: unknown) => error);
    if (failure !== undefined) {
      // In CI a skipped check is one that nobody makes.
      if (process.env.CI || (await registryAnswers())) throw failure;
      console.warn(`SKIPPED ${fixture}: no npm registry answers`);
      skip('no npm registry answers');
    }

    await run(app, 'npm', 'run', 'build');
    const printed = await run(app, 'node', 'dist/main.js');
    expect(printed.trim().split('\n')).toEqual([
      'welcome for ada@example.com: a job',
      'before Welcome.run',
      'welcomed ada@example.com at attempt 1',
      'closed',
    ]);
  });
}

async function install(app: string): Promise<void> {
  await run(
    app,
    'npm',
    'install',
    tarball,
    '--prefer-offline',
    '--no-package-lock',
    '--no-audit',
    '--no-fund',
  );
}
