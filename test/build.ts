import { execFileSync } from 'node:child_process';

let built = false;

/** Makes what a user would have: dist/, and the samples compiled against it. Vitest calls this per project. */
export default function setup(): void {
  if (built) return;
  built = true;
  execFileSync('npm', ['run', 'build'], { stdio: 'inherit' });
  execFileSync('npx', ['tsc', '--project', 'sample'], { stdio: 'inherit' });
}
