import { createHash } from 'node:crypto';
import { sleep, systemClock, type Timer } from '../../../core/clock.js';
import { StorageClosedError, StorageOpenError, StorageUnavailableError } from '../../../core/errors.js';
import type { RedisClient, Script } from './redis-client.js';
import { isUnknownScript, translate } from './redis-errors.js';

// Together less than the ten seconds after which a runner gives a call up.
const CONNECTED_WITHIN = 3_000;
const ANSWERED_WITHIN = 5_000;
const CLOSE_WITHIN = 2_000;

interface Commands {
  call(command: string, ...args: (string | readonly string[])[]): Promise<unknown>;
}

export interface ConnectionOptions {
  readonly client: RedisClient;
  /** Whether the client was made for this storage alone. */
  readonly isOwn: boolean;
  /** What the name of every key begins with. */
  readonly key: string;
}

/** One client, as the storage uses it: no call hangs for ever, and none is sent after it was given up. */
export class RedisConnection {
  readonly client: RedisClient;
  readonly key: string;
  readonly #isOwn: boolean;
  readonly #underWay = new Set<Promise<unknown>>();
  #connecting: Promise<void> | undefined;
  #isClosed = false;
  #isGivenUp = false;
  #greeting: Timer | undefined;

  constructor({ client, isOwn, key }: ConnectionOptions) {
    this.client = client;
    this.#isOwn = isOwn;
    this.key = key;
    if (isOwn) this.#watch();
  }

  /** Resolves once commands can be sent. */
  ready(): Promise<void> {
    if (this.client.status === 'ready') return Promise.resolve();
    this.#connecting ??= this.#connected().finally(() => (this.#connecting = undefined));
    return this.#connecting;
  }

  /** Runs a script that the server may or may not know. */
  run(script: Script, args: readonly string[]): Promise<unknown> {
    return this.#tracked(() => this.#evaluate(script, args));
  }

  command(name: string, ...args: string[]): Promise<unknown> {
    return this.#tracked(() => this.client.call(name, ...args));
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    const done = new AbortController();
    const late = sleep(systemClock, CLOSE_WITHIN, done.signal);
    await Promise.race([Promise.allSettled(this.#underWay), late]);
    // A timer left behind would keep the process alive after all is closed.
    done.abort();
    this.#isClosed = true;
    if (this.#isOwn) this.client.disconnect();
  }

  async #connected(): Promise<void> {
    let problem: unknown;
    const onError = (error: unknown) => void (problem = error);
    this.client.on('error', onError);
    const connected = new AbortController();
    const onReady = () => connected.abort();
    this.client.on('ready', onReady);
    try {
      // The attempt may fail; the client goes on trying.
      if (this.client.status === 'wait') this.client.connect().catch(onError);
      if (this.client.status === 'end') throw new Error('Connection is closed');
      await sleep(systemClock, CONNECTED_WITHIN, connected.signal);
      if (!connected.signal.aborted) {
        const known = translate(problem);
        if (known instanceof StorageOpenError) throw known;
        const reason = problem instanceof Error ? `: ${problem.message}` : '';
        throw new StorageUnavailableError(`Redis cannot be reached${reason}`, { cause: problem });
      }
    } catch (error) {
      throw translate(error);
    } finally {
      this.client.off('error', onError);
      this.client.off('ready', onReady);
    }
  }

  async #evaluate({ sha, lua }: Script, args: readonly string[]): Promise<unknown> {
    // As one list, which the client flattens: tens of thousands of arguments are more than a call can have.
    const client = this.client as unknown as Commands;
    try {
      return await client.call('evalsha', sha, '1', this.key, args);
    } catch (error) {
      if (!isUnknownScript(error)) throw error;
      return client.call('eval', lua, '1', this.key, args);
    }
  }

  #tracked(send: () => Promise<unknown>): Promise<unknown> {
    const call = this.#limited(send);
    this.#underWay.add(call);
    const end = () => void this.#underWay.delete(call);
    call.then(end, end);
    return call;
  }

  async #limited(send: () => Promise<unknown>): Promise<unknown> {
    if (this.client.status !== 'ready') await this.ready();
    if (this.#isClosed) throw new StorageClosedError('The Redis storage is not open');
    try {
      return await within(ANSWERED_WITHIN, send(), () => this.#giveUp());
    } catch (error) {
      throw translate(error);
    }
  }

  #watch(): void {
    this.client.on('error', ignore);
    // The client asks a new connection whether the server is ready, and would wait for ever for the answer.
    this.client.on('connect', () => {
      this.#greeting = systemClock.after(ANSWERED_WITHIN, () => this.#giveUp());
    });
    this.client.on('ready', () => this.#greeting?.cancel());
    this.client.on('close', () => {
      this.#greeting?.cancel();
      this.#isGivenUp = false;
    });
  }

  /** Nothing comes through the connection any more, and it may not notice by itself for a quarter of an hour. */
  #giveUp(): void {
    // Once, however many waited for it.
    if (!this.#isOwn || this.#isGivenUp) return;
    this.#isGivenUp = true;
    this.client.disconnect(true);
  }
}

/** Makes a script of its text. */
export function scriptOf(lua: string): Script {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}

/** The answer, or `StorageUnavailableError` once it is late. */
export function within<T>(limit: number, answer: Promise<T>, onLate?: () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = systemClock.after(limit, () => {
      reject(new StorageUnavailableError(`Redis did not answer within ${limit} ms`));
      onLate?.();
    });
    answer.then(
      (value) => {
        timer.cancel();
        resolve(value);
      },
      (error: unknown) => {
        timer.cancel();
        reject(error instanceof Error ? error : new Error(String(error)));
      },
    );
  });
}

// A client without a listener for errors prints them; what fails is told to whoever called.
function ignore(): void {}
