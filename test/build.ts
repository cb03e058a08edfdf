import { execFileSync } from 'node:child_process';

// Vitest loads this file anew for each project that names it; the process is what they share.
const shared = globalThis as { isBuilt?: boolean };

/** Makes what a user would have: dist/, and the samples compiled against it. */
export default function setup(): void {
  if (shared.isBuilt) return;
  shared.isBuilt = true;
  execFileSync('npm', ['run', 'build'], { stdio: 'inherit' });
  execFileSync('npx', ['tsc', '--project', 'sample/tsconfig.build.json'], { stdio: 'inherit' });
}
