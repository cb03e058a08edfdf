import { sleep, type Chance, type Clock } from '../../core/clock.js';
import { StorageUnavailableError } from '../../core/errors.js';

const DEADLINE = 10_000;
const RETRY_PAUSE = 100;

/** Repeats a call that got no answer, for ten seconds. Only for calls that may be repeated as they are. */
export class Patience {
  readonly #clock: Clock;
  readonly #chance: Chance;

  constructor(clock: Clock, chance: Chance) {
    this.#clock = clock;
    this.#chance = chance;
  }

  async call<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    const deadline = this.#clock.monotonic() + DEADLINE;
    for (let attempt = 0; ; attempt++) {
      try {
        return await ask();
      } catch (error) {
        const pause = RETRY_PAUSE * 2 ** attempt * (0.5 + this.#chance.random());
        const isLate = this.#clock.monotonic() + pause > deadline;
        if (!(error instanceof StorageUnavailableError) || isLate) throw error;
        await sleep(this.#clock, pause);
      }
    }
  }
}
