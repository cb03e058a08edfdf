import { QueueHandle } from '../../../lib/client/queue-handle.js';
import type { JobContext } from '../../../lib/core/job-context.js';
import { defineJob } from '../../../lib/core/job-definition.js';
import type { RunnerEvent } from '../../../lib/runtime/runner-event.js';
import { Runner, type RunnerOptions } from '../../../lib/runtime/runner.js';
import type { Storage } from '../../../lib/storage/storage.js';
import { FaultProxy } from '../../support/fault-proxy.js';
import type { ServerStorage } from './server-storages.js';

/** What the jobs of these tests are: `n` tells them apart. */
export class Task {
  constructor(readonly n = 0) {}
}
const definition = defineJob<object>(Task, { name: 'task', queue: 'tasks' });

type Run = (context: JobContext) => unknown;

/** A part of a server of a test's own: with a bad network before it, and one that stays good. */
export class BadNetwork {
  readonly proxy: FaultProxy;
  /** Over the bad network. */
  readonly storage: Storage;
  /** Over the good one: what is true. */
  readonly truth: Storage;
  readonly #runners: Runner[] = [];

  private constructor(proxy: FaultProxy, storage: Storage, truth: Storage) {
    this.proxy = proxy;
    this.storage = storage;
    this.truth = truth;
  }

  /** `onEnd`: who is told how to clean up. */
  static async open(
    row: ServerStorage,
    onEnd: (clean: () => Promise<void>) => unknown,
    url = row.url,
  ): Promise<BadNetwork> {
    const part = row.newPart();
    const proxy = await FaultProxy.before(url);
    const network = new BadNetwork(proxy, row.storage(proxy.url, part), row.storage(url, part));
    onEnd(async () => {
      await network.#close();
      if (url === row.url) await row.remove(part);
    });
    await network.truth.open();
    await network.storage.open();
    return network;
  }

  /** Starts a runner over the bad network. */
  async run(
    run: Run,
    options: Partial<RunnerOptions> = {},
  ): Promise<{ readonly runner: Runner; readonly events: readonly RunnerEvent[] }> {
    const events: RunnerEvent[] = [];
    const runner = new Runner({
      ...{ storage: this.storage, queues: { tasks: 10 }, grace: 0, abortGrace: 0 },
      handlers: [{ definition, run: (_, context) => run(context) }],
      onEvent: (event) => events.push(event),
      ...options,
    });
    this.#runners.push(runner);
    await runner.start();
    return { runner, events };
  }

  /** The queue as who is on the bad network sees it. */
  get far(): QueueHandle {
    return new QueueHandle(this.storage);
  }

  /** The queue as who is on the good network sees it. */
  get near(): QueueHandle {
    return new QueueHandle(this.truth);
  }

  async #close(): Promise<void> {
    await this.proxy.heal();
    await Promise.all(this.#runners.map((runner) => runner.stop({ now: true })));
    await Promise.all([this.storage.close(), this.truth.close()]);
    await this.proxy.close();
  }
}
