import { awaitedOf, tiesOf } from '../../../storage/flow-ties.js';
import type { NewJob, UniqueClaim } from '../../../storage/new-job.js';
import type { GroupTable } from '../groups/group-table.js';
import { jobKeyOf, keyOf } from '../jobs/job-key.js';
import type { Lanes } from '../jobs/lanes.js';
import type { Policies } from '../jobs/policies.js';
import { PUSH_PARAMETERS, type PushParameter } from '../schema/push-function.sql.js';
import { toStored } from '../connection/stored-text.js';
import { joinTexts, marksFor } from '../connection/text-list.js';

/** How long a unique key is held, as it is stored. */
const UNTIL_CLAIMED = 1;
const UNTIL_ENDED = 2;
const FOR_A_TIME = 3;

/** What is taken over, as it is stored: bits. */
const REPLACED = { payload: 1, due: 2 } as const;

/** The newest first, as it is stored. */
const LIFO = -1;

type Cell = string | number | undefined;

/** Where what jobs refer to was made before. */
export interface PushOptions {
  readonly lanes: Lanes;
  readonly policies: Policies;
  readonly groups: GroupTable;
}

interface PushContext extends PushOptions {
  /** The ids that others of the batch wait for: see `awaitedOf`. */
  readonly awaited: ReadonlySet<string>;
}

/** A parameter of the function, and what it has of one job. */
type Column<Value> = readonly [PushParameter, (job: NewJob, context: PushContext) => Value];

const NUMBERS: readonly Column<Cell>[] = [
  ['lanes', (job, { lanes }) => lanes.idOf(job)],
  ['priorities', ({ priority }) => priority],
  // Up, since a job must never run early.
  ['delays', ({ due }) => ('at' in due ? undefined : Math.ceil(due.in))],
  ['ats', ({ due }) => ('at' in due ? Math.ceil(due.at) : undefined)],
];

// What few jobs have.
const RARE_NUMBERS: readonly Column<Cell>[] = [
  ['unique_keys', ({ unique }) => unique && keyOf(unique.key)],
  ['unique_whiles', ({ unique }) => unique && heldWhile(unique)],
  ['holds', ({ unique }) => (typeof unique?.while === 'object' ? Math.ceil(unique.while.for) : undefined)],
  ['replaces', ({ unique }) => unique?.replace?.reduce<number>((bits, what) => bits | REPLACED[what], 0)],
  ['expiries', ({ expiresIn }) => (expiresIn === undefined ? undefined : Math.ceil(expiresIn))],
  ['ageings', ({ order }) => order && (order === 'lifo' ? LIFO : Math.round(order.ageing))],
  ['edges', (job, { awaited }) => tiesOf(job, awaited)],
  [
    'groups',
    ({ queue, group }, { groups }) => (group === undefined ? undefined : groups.idOf({ queue, group })),
  ],
];
const RARE_TEXTS: readonly Column<string | undefined>[] = [
  ['metas', ({ meta }) => storedOf(meta)],
  ['unique_names', ({ unique }) => storedOf(unique?.key)],
  ['flows', ({ flow }) => storedOf(flow)],
  ['group_names', ({ group }) => storedOf(group)],
];

/** The batch as the function takes it: see `PUSH_PARAMETERS`. */
export function pushValues(jobs: readonly NewJob[], options: PushOptions): string[] {
  const context = { ...options, awaited: awaitedOf(jobs) };
  const isPlain = jobs.every(isPlainJob);
  const keys = jobs.map(({ id }) => jobKeyOf(id));
  const values = new Map<PushParameter, string>([
    ['keys', `{${keys.join(',')}}`],
    ['lowest', keys.reduce((lowest, key) => (key < lowest ? key : lowest))],
    ['highest', keys.reduce((highest, key) => (key > highest ? key : highest))],
  ]);
  for (const [parameter, cellOf] of isPlain ? NUMBERS : [...NUMBERS, ...RARE_NUMBERS]) {
    values.set(parameter, numbersOf(jobs.map((job) => cellOf(job, context))));
  }
  const texts = new Map<PushParameter, readonly (string | undefined)[]>([
    ['payloads', jobs.map(({ payload }) => toStored(payload))],
    ['policies', alike(jobs.map(({ policy }) => options.policies.storedOf(policy)))],
    ['ids', jobs.map(({ id }, index) => (keys[index] === id ? undefined : toStored(id)))],
  ]);
  for (const [parameter, textOf] of isPlain ? [] : RARE_TEXTS) {
    texts.set(
      parameter,
      jobs.map((job) => textOf(job, context)),
    );
  }
  const marks = marksFor([...texts.values()]);
  values.set('separator', marks.separator).set('absent', marks.absent);
  for (const [parameter, list] of texts) values.set(parameter, joinTexts(list, marks));
  return PUSH_PARAMETERS.map((parameter) => values.get(parameter) ?? '');
}

function isPlainJob({ unique, meta, expiresIn, order, flow, after, group }: NewJob): boolean {
  return (unique ?? meta ?? expiresIn ?? order ?? flow ?? after ?? group) === undefined;
}

/** One value where all are the same, an array elsewhere, and nothing where no job has any. */
function numbersOf(cells: readonly Cell[]): string {
  const [first] = cells;
  if (cells.every((cell) => cell === first)) return first === undefined ? '' : String(first);
  return `{${cells.map((cell) => cell ?? 'null').join(',')}}`;
}

/** One where all are the same. */
function alike(texts: readonly string[]): readonly string[] {
  return texts.every((text) => text === texts[0]) ? texts.slice(0, 1) : texts;
}

function storedOf(text: string | undefined): string | undefined {
  return text === undefined ? undefined : toStored(text);
}

function heldWhile({ while: held }: UniqueClaim): number {
  if (typeof held === 'object') return FOR_A_TIME;
  return held === 'waiting' ? UNTIL_CLAIMED : UNTIL_ENDED;
}
