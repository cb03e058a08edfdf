import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

interface Project {
  /** Ends what hangs, and measures nothing: many times what a test takes, for machines that are slow or busy. */
  readonly timeout: number;
  /** @default test/NAME */
  readonly folder?: string;
  /** Groups run one after another, so that nothing that measures time shares the machine with an install. */
  readonly group?: number;
  /** Prints which storages run, and fails when a required one cannot. */
  readonly storages?: true;
  /** Looks for PostgreSQL and Redis once per run, and starts private ones where none runs. */
  readonly servers?: true;
  /** Needs dist/ and sample/dist/, which test/build.ts makes once. */
  readonly built?: true;
}

const PROJECTS: Readonly<Record<string, Project>> = {
  unit: { timeout: 20_000 },
  types: { timeout: 20_000 },
  architecture: { timeout: 60_000 },
  contract: { timeout: 30_000, servers: true, storages: true },
  integration: { timeout: 30_000, servers: true, storages: true },
  e2e: { timeout: 60_000, group: 1, servers: true, storages: true, built: true },
  samples: { timeout: 30_000, folder: 'sample', servers: true },
  packaging: { timeout: 300_000, group: 2, built: true },
};

export default defineConfig({
  resolve: { alias: sourcesOfThePackage() },
  // Nest injects by the emitted parameter types; without them every dependency is "?".
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  test: {
    // Most tests wait for a server or for time to pass: one worker would leave the machine idle.
    maxWorkers: 2,
    // What is waited for comes at once on an idle machine, and late on a busy one.
    expect: { poll: { timeout: 8_000 } },
    projects: Object.entries(PROJECTS).map(
      ([
        name,
        { timeout, folder = `test/${name}`, group = 0, built = false, servers = false, storages = false },
      ]) => ({
        extends: true,
        test: {
          name,
          include: [`${folder}/**/*.spec.ts`],
          exclude: ['**/fixtures/**'],
          testTimeout: timeout,
          hookTimeout: timeout,
          sequence: { groupOrder: group },
          globalSetup: [
            ...(built ? ['test/build.ts'] : []),
            ...(servers ? ['test/support/servers/provide-servers.ts'] : []),
            ...(storages ? ['test/support/report-storages.ts'] : []),
          ],
        },
      }),
    ),
  },
});

/** Tests import the package by its name and get lib/, so that they never test yesterday's dist/. */
function sourcesOfThePackage() {
  const { name, exports } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
  return Object.entries<{ default?: string }>(exports).flatMap(([subpath, { default: file }]) =>
    file === undefined
      ? []
      : {
          find: new RegExp(`^${subpath.replace('.', name)}$`),
          replacement: fileURLToPath(
            new URL(file.replace('dist/', 'lib/').replace(/js$/, 'ts'), import.meta.url),
          ),
        },
  );
}
