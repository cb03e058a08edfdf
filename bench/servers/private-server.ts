import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Server } from './server.js';

const START_WITHIN = 30_000;
const STOP_WITHIN = 10_000;

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** How to run a server of the bench's own. */
export interface Recipe {
  readonly name: string;
  readonly program: string;
  /** Whom it runs as, where it refuses to be root. */
  readonly account?: Account;
  url(port: number): string;
  args(folder: string, port: number): readonly string[];
  /** Makes its data. */
  prepare?(folder: string): void;
  /** Rejects while it does not answer. */
  ask(url: string): Promise<void>;
  readonly stopSignal: NodeJS.Signals;
}

/** Starts it on a free loopback port, with its data in a temporary folder that `stop` removes. */
export async function startPrivateServer(recipe: Recipe): Promise<Server> {
  const { name, program, account } = recipe;
  const folder = mkdtempSync(join(tmpdir(), `jobs-bench-${name}-`));
  if (account !== undefined) chownSync(folder, account.uid, account.gid);
  recipe.prepare?.(folder);
  const port = await freePort();
  const child = spawn(program, recipe.args(folder, port), { cwd: folder, stdio: 'ignore', ...account });
  // Also when the bench fails: a server left behind would disturb whatever is measured next.
  const end = () => void child.kill(recipe.stopSignal);
  process.once('exit', end);
  const stop = async () => {
    await ended(child, recipe.stopSignal);
    process.off('exit', end);
    rmSync(folder, { recursive: true, force: true });
  };
  const url = recipe.url(port);
  try {
    await answered(recipe, url, child);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, origin: `private, at 127.0.0.1:${port}`, stop };
}

/** Whom to run a server as that refuses to be root; undefined when this process is not root. */
export function accountInsteadOfRoot(name: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const [uid, gid] = ['-u', '-g'].map((kind) => Number(execFileSync('id', [kind, name])));
  return uid === undefined || gid === undefined ? undefined : { uid, gid };
}

async function answered(recipe: Recipe, url: string, child: ChildProcess): Promise<void> {
  let failure: unknown;
  child.once('error', (error) => (failure = error));
  for (const start = performance.now(); performance.now() - start < START_WITHIN; await sleep(50)) {
    if (child.exitCode !== null || child.pid === undefined) break;
    try {
      return await recipe.ask(url);
    } catch (error) {
      failure = error;
    }
  }
  throw new Error(`${recipe.name} did not start`, { cause: failure });
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  const late = new AbortController();
  await Promise.race([
    exit,
    sleep(STOP_WITHIN, undefined, { signal: late.signal }).then(
      () => child.kill('SIGKILL'),
      () => {},
    ),
  ]);
  late.abort();
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
