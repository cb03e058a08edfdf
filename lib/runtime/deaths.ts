import type { JobDeath } from '../core/job-death.js';
import { reviveJob } from '../core/job-definition.js';
import type { JobRecord, LeasedJob } from '../core/job.js';
import { decodePayload, decodeValue, type Fields, type PayloadCodec } from '../core/payload.js';
import { checkFields, decodeJob, splitVersion } from '../core/payload-form.js';
import type { Settlement } from '../core/settlement.js';
import { splitMeta } from '../core/tick-mark.js';
import type { Rescued } from '../storage/claims.js';
import type { Events } from './events.js';
import type { JobHandler } from './handler.js';
import { apart } from './run-scope.js';
import type { StorageLink } from './storage-link.js';

/** However many jobs die at once, what follows on it must not take all connections of the application. */
const MOST_AT_ONCE = 10;

export interface DeathsOptions {
  readonly link: StorageLink;
  readonly events: Events;
  readonly handlers: ReadonlyMap<string, JobHandler>;
  readonly codec: PayloadCodec | undefined;
}

/**
 * Tells handlers of the deaths of their jobs, each once the storage has recorded it. Whoever records a death tells of it, so a
 * process that dies in between tells nobody.
 */
export class Deaths {
  readonly #options: DeathsOptions;
  readonly #line: (() => Promise<void>)[] = [];
  #running = 0;
  #onQuiet: (() => void) | undefined;

  constructor(options: DeathsOptions) {
    this.#options = options;
  }

  /** A run of this process was the last one of its job. */
  ofRun(job: LeasedJob, { reason, attempt, failure }: Settlement & { readonly state: 'dead' }): void {
    const handler = this.#told(job.name);
    if (handler === undefined) return;
    const { id, name, queue } = job;
    const death = {
      id,
      name,
      queue,
      reason,
      attempts: attempt,
      ...(failure === undefined ? {} : { failure }),
    };
    this.#add(() => this.#tell(handler, job, death));
  }

  /** This process found jobs whose runners died once too often, or that nobody took in time. */
  ofRescue(rescued: readonly Rescued[]): void {
    const ids = rescued.filter(({ state, name }) => state === 'dead' && this.#told(name)).map(({ id }) => id);
    if (ids.length > 0) this.#add(() => this.#look(ids));
  }

  /** Resolves when nobody is left to be told. */
  whenQuiet(): Promise<void> {
    return new Promise((resolve) => {
      this.#onQuiet = resolve;
      this.#next();
    });
  }

  #told(name: string): JobHandler | undefined {
    const handler = this.#options.handlers.get(name);
    return handler?.dead === undefined ? undefined : handler;
  }

  #add(call: () => Promise<void>): void {
    this.#line.push(call);
    this.#next();
  }

  #next(): void {
    while (this.#running < MOST_AT_ONCE) {
      const call = this.#line.shift();
      if (call === undefined) break;
      this.#running += 1;
      void call().then(() => {
        this.#running -= 1;
        this.#next();
      });
    }
    if (this.#running === 0) this.#onQuiet?.();
  }

  // A record that is gone by now leaves nothing to tell of; one that is no longer dead was started again by hand.
  async #look(ids: readonly string[]): Promise<void> {
    try {
      const records = await this.#options.link.call('look', (storage) => storage.info(ids));
      for (const record of records) if (record?.state === 'dead') this.#ofRecord(record);
    } catch {
      // The outage is told by the link, and a storage that does not answer now will not tell later.
    }
  }

  #ofRecord(record: JobRecord): void {
    const { id, name, queue, reason = 'stalled', attempt: attempts, failures } = record;
    const handler = this.#told(name);
    const failure = failures.at(-1);
    const death = { id, name, queue, reason, attempts, ...(failure === undefined ? {} : { failure }) };
    if (handler) this.#add(() => this.#tell(handler, record, death));
  }

  async #tell(handler: JobHandler, job: LeasedJob, death: Omit<JobDeath, 'meta'>): Promise<void> {
    const { events, codec } = this.#options;
    try {
      const meta = decodeValue(splitMeta(job.meta).meta);
      const fields = await fieldsOf(handler, job, codec);
      const dead = reviveJob(handler.definition, fields);
      const known = { ...death, ...(meta === undefined ? {} : { meta }) };
      await apart(() => handler.dead?.(dead, known));
    } catch (error) {
      const { id, name, queue } = death;
      if (events.hears('on-dead-failed')) events.emit({ kind: 'on-dead-failed', id, name, queue, error });
    }
  }
}

/** As a run would see them; those of a payload that is invalid as they are stored, or none where not even that can be read. */
async function fieldsOf(
  { definition }: JobHandler,
  job: LeasedJob,
  codec: PayloadCodec | undefined,
): Promise<Fields> {
  try {
    return await checkFields(definition, decodeJob(definition, job.payload, job, codec));
  } catch {
    return storedFields(job);
  }
}

function storedFields(job: LeasedJob): Fields {
  try {
    return splitVersion(decodePayload(job.payload, undefined, job))[1];
  } catch {
    return {};
  }
}
