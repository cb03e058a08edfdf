import { execFile } from 'node:child_process';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

/** Longer than any step should take: a step that hangs must not outlive its test. */
const LIMIT = 240_000;

/** Runs a program to its end and gives what it printed; a failure shows all of it. */
export async function run(cwd: string, program: string, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd, env: ENVIRONMENT, timeout: LIMIT }, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const how = error.killed ? `took longer than ${LIMIT} ms` : 'failed';
      reject(new Error(`${program} ${args.join(' ')} ${how}:\n${stdout}\n${stderr}`));
    });
  });
}

/** Packs what would be published, from the dist/ built for this run. Gives the path of the tarball. */
export async function pack(folder: string): Promise<string> {
  const printed = await run(
    ROOT,
    'npm',
    'pack',
    '--silent',
    '--ignore-scripts',
    '--pack-destination',
    folder,
  );
  return join(folder, printed.trim().split('\n').at(-1) ?? '');
}

/** Asked after a failed install: npm reports an unreachable registry in many ways, even as a peer conflict. */
export async function registryAnswers(): Promise<boolean> {
  const asked = run(ROOT, 'npm', 'view', 'typescript', 'version', '--prefer-online', '--fetch-retries=0');
  return asked.then(
    () => true,
    () => false,
  );
}

// The applications are a user's: what the test runner sets for itself is not theirs.
const ENVIRONMENT = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_ENV|NODE_OPTIONS|TEST$)/.test(name)),
);
