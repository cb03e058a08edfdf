import type { Lanes, Needed } from '../jobs/lanes.js';
import type { Script } from './redis-client.js';
import type { RedisConnection } from './redis-connection.js';
import { isStale } from './redis-errors.js';

const ATTEMPTS = 20;

/** How the parts of the storage run their scripts: on the lanes as they are, at the storage's time. */
export class ScriptRunner {
  readonly #connection: RedisConnection;
  readonly #lanes: Lanes;
  readonly #time: () => string;
  readonly #sender: string;

  /** `time`: milliseconds since the epoch, or empty where the server's clock counts. `sender`: whose news these are. */
  constructor(connection: RedisConnection, lanes: Lanes, time: () => string, sender: string) {
    this.#connection = connection;
    this.#lanes = lanes;
    this.#time = time;
    this.#sender = sender;
  }

  /**
   * `encode` is asked again when lanes were made or lost meanwhile: then nothing was done yet. `needs`: what
   * must have a number.
   */
  async run<Answer>(
    script: Script,
    encode: () => readonly string[],
    needs: readonly Needed[] = [],
  ): Promise<Answer> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        if (!this.#lanes.has(needs)) await this.#lanes.register(needs);
        const head = [this.#lanes.version, this.#time(), this.#sender];
        return (await this.#connection.run(script, head.concat(encode()))) as Answer;
      } catch (error) {
        if (!isStale(error) || attempt === ATTEMPTS) throw error;
        await this.#lanes.refresh();
      }
    }
  }
}
