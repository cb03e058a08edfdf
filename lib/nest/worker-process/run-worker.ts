import { Logger, type INestApplicationContext, type Type } from '@nestjs/common';
import { NestFactory, type NestApplicationContext } from '@nestjs/core';
import { InvalidOptionError } from '../../core/errors.js';
import { WorkerState } from '../lifecycle/worker-state.js';
import { everyInstance } from './every-instance.js';
import { probeRoutes, registriesOf } from './probe-routes.js';
import { ProbeServer } from './probe-server.js';
import { checkProbes, type RunWorkerOptions } from './run-worker-options.js';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Runs the application as a process that works on jobs and serves nobody: the whole `main.ts` of a worker.
 *
 *     await runWorker(AppModule, { probes: { port: 8081, host: '0.0.0.0' } });
 *
 * Resolves once jobs are taken. SIGTERM or SIGINT then closes the application, jobs first, and ends the process with code 0; a
 * second one cuts the jobs' grace short. When it cannot boot or close, or takes no jobs, that is logged and the process
 * ends with code 1.
 *
 * `/livez` answers 200 from the first moment to the last; `/readyz` answers 200 while jobs are taken and the storage
 * answers, else 503. Give that probe more than the two seconds that the storage has for its answer.
 * @publicApi
 */
export async function runWorker(rootModule: Type, options: RunWorkerOptions = {}): Promise<void> {
  await new WorkerProcess().start(rootModule, options);
}

class WorkerProcess {
  readonly #logger = new Logger('BackgroundJobs');
  #app: INestApplicationContext | undefined;
  #probes: ProbeServer | undefined;
  #booted: Promise<void> | undefined;
  #isEnding = false;

  async start(rootModule: Type, options: RunWorkerOptions): Promise<void> {
    // Heard from now on: a signal that comes as the application boots must not leave jobs behind that have just begun.
    for (const signal of SIGNALS) process.on(signal, this.#end);
    this.#booted = this.#boot(rootModule, options);
    try {
      await this.#booted;
    } catch (error) {
      await this.#fail('The worker cannot start', error);
    }
  }

  async #boot(rootModule: Type, { probes, ...options }: RunWorkerOptions): Promise<void> {
    if (probes !== undefined) {
      const checked = checkProbes(probes);
      this.#probes = new ProbeServer(probeRoutes(() => this.#app, checked.metrics));
      const port = await this.#probes.listen(checked);
      this.#logger.log(`Answering probes at ${checked.host}:${port}`);
    }
    const app = await NestFactory.createApplicationContext(rootModule, { ...options, abortOnError: false });
    this.#app = app;
    checkWorks(app);
    // Better now than at the first scrape.
    if (probes?.metrics === true) registriesOf(app);
  }

  readonly #end = (signal: NodeJS.Signals): void => {
    if (this.#isEnding) return;
    this.#isEnding = true;
    void this.#close(signal);
  };

  async #close(signal: NodeJS.Signals): Promise<void> {
    // A boot that failed ends the process by itself.
    await this.#booted?.catch(() => new Promise(() => {}));
    try {
      // Its interface hides that it takes the signal, which the hooks of the application may ask for.
      await (this.#app as NestApplicationContext | undefined)?.close(signal);
      await this.#probes?.close();
    } catch (error) {
      return this.#fail('The worker did not stop in order', error);
    }
    process.exit(0);
  }

  async #fail(what: string, error: unknown): Promise<never> {
    this.#logger.error(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    Logger.flush();
    await this.#app?.close().catch(() => {});
    return process.exit(1);
  }
}

/** Throws `InvalidOptionError`: a worker that waits for nothing would look well for ever. */
function checkWorks(app: INestApplicationContext): void {
  const states = everyInstance(app, WorkerState);
  if (states.length === 0) {
    throw new InvalidOptionError('runWorker(): the application does not import BackgroundJobsModule');
  }
  if (states.some(({ part }) => Object.keys(part.slots).length > 0)) return;
  throw new InvalidOptionError(
    'runWorker(): the application takes no jobs. Give BackgroundJobsModule the option workers, and list job classes among the providers',
  );
}
