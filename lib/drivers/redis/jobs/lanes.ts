import { systemChance } from '../../../core/clock.js';
import { StorageOpenError, StorageVersionError } from '../../../core/errors.js';
import type { PopRequest } from '../../../storage/claims.js';
import { CHECK_KEYS, REFRESH, REGISTER } from './lanes.lua.js';
import { scriptOf, type RedisConnection } from '../connection/redis-connection.js';

/** A queue and a name: the jobs that a claim may take in order of one key. */
export interface Lane {
  readonly queue: string;
  readonly name: string;
}

/** What must have a number before a job is stored. */
export interface Needed extends Lane {
  readonly policy?: string;
}

const FORMAT = 1;
/** Jobs of one class share one. Beyond so many, jobs carry their own: there may be as many as jobs. */
const MOST_POLICIES = 200;
const KEYS: Readonly<Record<string, readonly string[]>> = {
  string: ['lanes', 'arrived'],
  list: ['lanes:texts', 'policies'],
  hash: [
    ...['lanes:numbers', 'queues', 'paused', 'jobs', 'states', 'keys', 'holders', 'reasons', 'cancels'],
    ...['progress', 'results', 'stalls', 'alive', 'dead', 'completed', 'failed', 'runners', 'schedules'],
    ...['watermarks', 'fired', 'places', 'governed', 'grouped', 'flows', 'open', 'unblocks', 'blocked'],
    ...['claims', 'over', 'ghosts', 'policies:numbers'],
  ],
  zset: [
    ...['holds', 'expiries', 'expired', 'steps'],
    ...['leases', 'ended', 'due', 'buckets', 'runners:until', 'ticks'],
  ],
};
type LanesReply = [version: string, known: number, texts: string[], policies: string[]];

const check = scriptOf(CHECK_KEYS);
const refresh = scriptOf(REFRESH);
const register = scriptOf(REGISTER);

/** The lanes and policies of the data, as far as this process has met them, and the version that says whether that is all. */
export class Lanes {
  readonly #connection: RedisConnection;
  readonly #onReset: () => void;
  #version = '';
  #epoch = '';
  #lanes: Lane[] = [];
  #policies: string[] = [];
  #policyNumbers = new Map<string, number>();
  #byQueue = new Map<string, Map<string, string>>();
  readonly #knownQueues = new Set<string>();
  #refreshing: Promise<void> | undefined;
  // Runners ask with the same list of names all their life.
  #known = new WeakMap<readonly string[], Map<string, readonly string[]>>();

  /** `onReset`: the data were lost, and are made anew. */
  constructor(connection: RedisConnection, onReset: () => void) {
    this.#connection = connection;
    this.#onReset = onReset;
  }

  /** Format, epoch, number of lanes and of policies: what scripts compare before they believe a lane's number. */
  get version(): string {
    return this.#version;
  }

  get count(): number {
    return this.#lanes.length;
  }

  /** Looks whether the keys are ours, and makes what must be there. */
  async open(): Promise<void> {
    const kinds = Object.entries(KEYS).flatMap(([kind, keys]) => keys.flatMap((key) => [key, kind]));
    const [key, kind] = (await this.#connection.run(check, kinds)) as string[];
    if (key !== undefined) {
      throw new StorageOpenError(
        `The Redis key ${key} is a ${kind} of another owner. Give RedisStorage a prefix of its own`,
      );
    }
    await this.refresh();
  }

  /** Learns of lanes that other processes made. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#load().finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  has(needed: readonly Needed[]): boolean {
    let previous: Needed | undefined;
    return needed.every((one) => {
      // Most batches are of one lane, with one policy.
      const isSeen =
        previous?.queue === one.queue && previous.name === one.name && previous.policy === one.policy;
      previous = one;
      return isSeen || (this.#hasLane(one) && this.#hasPolicy(one));
    });
  }

  /** Makes lanes and policies that are not there yet. */
  async register(needed: readonly Needed[]): Promise<void> {
    const missing = new Map<string, Lane>();
    const policies = new Set<string>();
    for (const one of needed) {
      if (!this.#hasLane(one)) missing.set(`${one.queue.length}:${one.queue}${one.name}`, one);
      if (one.policy !== undefined && !this.#hasPolicy(one)) policies.add(one.policy);
    }
    const names = [...missing.values()].flatMap(({ queue, name }) => [queue, name]);
    await this.#connection.run(register, [
      ...[this.#epoch, String(missing.size), String(MOST_POLICIES)],
      ...names,
      ...policies,
    ]);
    await this.refresh();
  }

  /** Undefined where a job must carry its own. */
  numberOfPolicy(policy: string): number | undefined {
    return this.#policyNumbers.get(policy);
  }

  policyByNumber(number: number): string {
    const policy = this.#policies[number - 1];
    if (policy === undefined) throw new Error(`The data name policy ${number}, which they do not have`);
    return policy;
  }

  /** A queue that got its first job shows in the numbers from now on. */
  makeKnown(queue: string): void {
    this.#knownQueues.add(queue);
  }

  isKnown(queue: string): boolean {
    return this.#knownQueues.has(queue);
  }

  /** The number of a lane that is registered, as keys and records carry it. */
  numberOf({ queue, name }: Lane): string {
    return this.#byQueue.get(queue)?.get(name) ?? '';
  }

  byNumber(number: string): Lane {
    const lane = this.#lanes[Number(number) - 1];
    if (lane === undefined) throw new Error(`The data name lane ${number}, which they do not have`);
    return lane;
  }

  /** Of a lane that this process may not have met yet. */
  queueOf(number: string): string | undefined {
    return this.#lanes[Number(number) - 1]?.queue;
  }

  /** The lanes of a queue whose names the runner knows. */
  known(queue: string, { names }: Pick<PopRequest, 'names'>): readonly string[] {
    let queues = this.#known.get(names);
    if (queues === undefined) this.#known.set(names, (queues = new Map()));
    let numbers = queues.get(queue);
    if (numbers === undefined) {
      const byName = this.#byQueue.get(queue);
      numbers = [...new Set(names)].flatMap((name) => byName?.get(name) ?? []);
      queues.set(queue, numbers);
    }
    return numbers;
  }

  /** All lanes that these fit, as numbers. */
  matching({ queue, name }: Partial<Lane>): string[] {
    return this.#lanes.flatMap((lane, index) => {
      const isIt = (queue ?? lane.queue) === lane.queue && (name ?? lane.name) === lane.name;
      return isIt ? [numbered(index)] : [];
    });
  }

  #hasLane({ queue, name }: Lane): boolean {
    return this.#byQueue.get(queue)?.has(name) === true;
  }

  #hasPolicy({ policy }: Needed): boolean {
    if (policy === undefined || this.#policies.length >= MOST_POLICIES) return true;
    return this.#policyNumbers.has(policy);
  }

  async #load(): Promise<void> {
    const own = `${FORMAT} ${randomEpoch()} 0 0`;
    const counts = [this.#lanes.length, this.#policies.length].map(String);
    const answer = await this.#connection.run(refresh, [own, this.#epoch, ...counts]);
    const [version, known, texts, policies] = answer as LanesReply;
    const epoch = epochOf(version, this.#connection.key);
    const isReset = this.#epoch !== '' && epoch !== this.#epoch;
    if (known === 0) {
      this.#lanes = [];
      this.#byQueue = new Map();
    }
    if (epoch !== this.#epoch) {
      this.#policies = [];
      this.#policyNumbers = new Map();
    }
    this.#epoch = epoch;
    this.#version = version;
    this.#known = new WeakMap();
    for (let nth = 0; nth < texts.length; nth += 2) this.#add(texts[nth] ?? '', texts[nth + 1] ?? '');
    for (const policy of policies) this.#policyNumbers.set(policy, this.#policies.push(policy));
    if (!isReset) return;
    this.#knownQueues.clear();
    this.#onReset();
  }

  #add(queue: string, name: string): void {
    let names = this.#byQueue.get(queue);
    if (names === undefined) this.#byQueue.set(queue, (names = new Map()));
    names.set(name, numbered(this.#lanes.length));
    this.#lanes.push({ queue, name });
  }
}

function numbered(index: number): string {
  return String(index + 1).padStart(7, '0');
}

function epochOf(version: string, key: string): string {
  const [, format, epoch] = /^(\d+) (\S+) \d+( \d+)?$/.exec(version) ?? [];
  if (epoch === undefined) {
    throw new StorageOpenError(
      `The Redis key ${key}:lanes is of another owner. Give RedisStorage a prefix of its own`,
    );
  }
  if (Number(format) > FORMAT) {
    throw new StorageVersionError(
      `The jobs under ${key} were written by a newer version of this library (format ${format}, known is ${FORMAT})`,
    );
  }
  return `${format} ${epoch} `;
}

function randomEpoch(): string {
  const bytes = new Uint8Array(8);
  systemChance.fill(bytes);
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
