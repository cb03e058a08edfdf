import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Actor } from './actor.js';

/** Starts the built sample of that folder as its npm script does. `env` comes on top of this process's own. */
export function startSample(folder: string, env: NodeJS.ProcessEnv): Actor {
  const main = fileURLToPath(new URL(`../../sample/dist/${folder}/main.js`, import.meta.url));
  const child = spawn(process.execPath, [main], {
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return new Actor(child);
}

/** Whether a process is there. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
