import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** What a server says when it is asked whether it is there. `saidNo`: it is, but does not let this URL in. */
export type Answer = { readonly version: string } | { readonly problem: string; readonly saidNo?: true };

/** How to run one kind of server. */
export interface Recipe {
  readonly name: string;
  readonly program: string;
  readonly port: number;
  readonly url: string;
  args(folder: string): readonly string[];
  /** Whom it runs as, where it refuses to be root. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Ends it gently, without waiting for its clients. */
  readonly stopSignal: NodeJS.Signals;
  /** Ends it at once, as a crash would, with all its connections. */
  readonly killSignal: NodeJS.Signals;
  /** Makes its data, once. */
  prepare?(folder: string): Promise<void>;
  /** Asks it for a sign of life. */
  ask(): Promise<Answer>;
}

const KEEPER = fileURLToPath(new URL('server-keeper.mjs', import.meta.url));
const START_LIMIT = 30_000;
const STOP_LIMIT = 5_000;

/** A server of one test's own, on a free loopback port, with its data in a temporary folder. */
export class PrivateServer {
  readonly url: string;
  readonly port: number;
  /** Where its data and its log are, until `stop`. */
  readonly folder: string;
  readonly #recipe: Recipe;
  readonly #keeper: ChildProcess;
  #state: { readonly pid: number } | { readonly ended: string } = { ended: 'not started' };
  #version = '';

  private constructor(recipe: Recipe) {
    this.url = recipe.url;
    this.port = recipe.port;
    this.#recipe = recipe;
    this.folder = mkdtempSync(join(tmpdir(), `jobs-${recipe.name}-`));
    if (recipe.user) chownSync(this.folder, recipe.user.uid, recipe.user.gid);
    this.#keeper = this.#keep();
  }

  /** Resolves when it answers. Rejects with the end of its log when it does not start. */
  static async start(recipe: Recipe): Promise<PrivateServer> {
    const server = new PrivateServer(recipe);
    try {
      await recipe.prepare?.(server.folder);
      await server.#start();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** The number of its process, which is another one after each `restart`. */
  get pid(): number {
    if ('pid' in this.#state) return this.#state.pid;
    throw new Error(`${this.#recipe.name} does not run (${this.#state.ended})`);
  }

  /** As the server says it: `15.19`. */
  get version(): string {
    return this.#version;
  }

  /** What it logged since it was first started. */
  get log(): string {
    const file = join(this.folder, 'server.log');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  /** Ends it for good and removes its data. May be called twice, and after `kill`. */
  async stop(): Promise<void> {
    await this.#end(this.#recipe.stopSignal);
    if (this.#keeper.exitCode !== null || this.#keeper.signalCode !== null) return;
    const gone = once(this.#keeper, 'exit');
    if (this.#keeper.connected) this.#keeper.disconnect();
    await this.#awake(gone);
  }

  /** Crashes it. What it had flushed stays; `restart` brings it back. */
  async kill(): Promise<void> {
    await this.#end(this.#recipe.killSignal);
  }

  /** Ends it gently, unless it is down already, and starts it again with its data and its port. */
  async restart(): Promise<void> {
    await this.#end(this.#recipe.stopSignal);
    await this.#start();
  }

  #keep(): ChildProcess {
    const { program, killSignal, user } = this.#recipe;
    const { folder } = this;
    // Only what every program needs: a PGDATA or REDIS_… of the developer's is for other servers.
    const env = { PATH: process.env['PATH'], HOME: folder, LC_ALL: 'C' };
    const order = { program, args: this.#recipe.args(folder), folder, env, killSignal, ...user };
    const keeper = spawn(process.execPath, [KEEPER, JSON.stringify(order)], {
      // A session of its own, so that a Ctrl-C in the terminal reaches the tests first.
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    keeper.on('message', (message: { pid: number } | { ended: string } | { problem: string }) => {
      this.#state = 'problem' in message ? { ended: message.problem } : message;
    });
    // A server that a test forgot to stop must not keep the run from ending; the keeper ends it then.
    keeper.unref();
    keeper.channel?.unref();
    return keeper;
  }

  async #start(): Promise<void> {
    const told = once(this.#keeper, 'message');
    this.#keeper.send({ do: 'start' });
    await this.#awake(told);
    const deadline = performance.now() + START_LIMIT;
    let problem = '';
    while ('pid' in this.#state && performance.now() < deadline) {
      const answer = await this.#recipe.ask();
      if ('version' in answer) {
        this.#version = answer.version;
        return;
      }
      problem = answer.problem;
      await wait(20);
    }
    const why = 'ended' in this.#state ? `ended (${this.#state.ended})` : problem;
    throw new Error(`${this.#recipe.name} did not start: ${why}\n${this.log.slice(-2_000)}`);
  }

  /** Nothing else may keep this process from ending while it waits: then it would end, as if all were well. */
  async #awake(event: Promise<unknown>): Promise<void> {
    this.#keeper.ref();
    this.#keeper.channel?.ref();
    await event;
    this.#keeper.channel?.unref();
    this.#keeper.unref();
  }

  async #end(gently: NodeJS.Signals): Promise<void> {
    // A shutdown may wait for a connection that is half made, so what does not go gently goes all the same.
    for (const signal of [gently, this.#recipe.killSignal, 'SIGKILL'] as const) {
      if ('ended' in this.#state || !this.#keeper.connected) return;
      this.#keeper.send({ do: 'signal', signal });
      // A test may have suspended it with SIGSTOP, and then it hears nothing else.
      this.#keeper.send({ do: 'signal', signal: 'SIGCONT' });
      const deadline = performance.now() + STOP_LIMIT;
      while ('pid' in this.#state && performance.now() < deadline) await wait(5);
    }
  }
}
