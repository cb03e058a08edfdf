import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';

const isInstalled = spawnSync('redis-server', ['--version']).error === undefined;
const isRequired = (process.env['REQUIRE_STORAGES'] ?? '').split(',').includes('redis');

/** No server can be started: its tests are reported as skipped, unless Redis is required. */
export const noRedis = !isInstalled && !isRequired;

/** A Redis of one test: on a free port of this machine alone, in a folder of its own. */
export class PrivateServer {
  readonly port: number;
  readonly #folder: string;
  readonly #settings: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(port: number, folder: string, settings: readonly string[]) {
    this.port = port;
    this.#folder = folder;
    this.#settings = settings;
  }

  /** `settings`: arguments of redis-server, such as `--appendonly yes`. */
  static async start(...settings: string[]): Promise<PrivateServer> {
    const folder = await mkdtemp(join(tmpdir(), 'jobs-redis-'));
    const server = new PrivateServer(await freePort(), folder, settings);
    await server.resume();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it again on what it left behind. */
  async resume(): Promise<void> {
    const where = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.#folder];
    const args = [...where, '--daemonize', 'no', '--save', '', ...this.#settings];
    this.#process = spawn('redis-server', args, { stdio: 'ignore' });
    await this.ask(async (client) => {
      while ((await client.call('ping')) !== 'PONG');
    });
  }

  /** Ends it at once, as a crash would. */
  async crash(): Promise<void> {
    const running = this.#process;
    if (running?.exitCode !== null || running.signalCode !== null) return;
    const ended = once(running, 'exit');
    running.kill('SIGKILL');
    await ended;
  }

  /** It holds its connections and answers nothing, until it is thawed. */
  freeze(): void {
    this.#process?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process?.kill('SIGCONT');
  }

  async ask<Answer>(question: (client: Redis) => Promise<Answer>): Promise<Answer> {
    const client = new Redis(this.port, '127.0.0.1', { retryStrategy: () => 20 });
    client.on('error', () => {});
    try {
      return await question(client);
    } finally {
      client.disconnect();
    }
  }

  async remove(): Promise<void> {
    this.thaw();
    await this.crash();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, 'close');
  return port;
}
