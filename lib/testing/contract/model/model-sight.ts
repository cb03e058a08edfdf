import assert from 'node:assert/strict';
import type { JobRecord, JobState } from '../../../core/job.js';
import type { Storage } from '../../../storage/storage.js';
import { fieldsOf } from '../looking.js';
import type { StorageModel } from './model.js';

/** All that can be seen of the storage is what the model says. `ids`, `groups`: of which there may be jobs. */
export async function compare(
  model: StorageModel,
  storage: Storage,
  { ids, queues, groups }: Readonly<Record<'ids' | 'queues' | 'groups', readonly string[]>>,
): Promise<void> {
  const all = [...model.jobs.keys(), ...ids];
  const records = await storage.info(all);
  assert.deepEqual(
    records.map((record) => record && fieldsOf(withReason(model, record))),
    all.map((id) => model.info(id)).map((record) => record && fieldsOf(record)),
  );
  const known = model.queues.known();
  const stats = (await storage.stats()).filter(({ queue }) => known.includes(queue));
  assert.deepEqual(
    stats.map(({ paused, ...numbers }) =>
      fieldsOf({ ...numbers, recent: undefined, since: undefined, paused: paused?.reason }),
    ),
    known.map((queue) => statsOf(model, queue)),
  );
  const schedules = (await storage.schedules()).toSorted((a, b) => (a.key < b.key ? -1 : 1));
  assert.deepEqual(schedules.map(fieldsOf), model.schedules.all().map(fieldsOf));
  if (!storage.capabilities.groups) return;
  await Promise.all(
    queues.flatMap((queue) => groups.map((group) => compareGroup(model, storage, queue, group))),
  );
}

/** Of several reasons for which a job was cancelled at once, the storage tells any. */
function withReason(model: StorageModel, record: JobRecord): JobRecord {
  const { cancelReason = '' } = record;
  const job = model.jobs.get(record.id);
  if (job?.record.cancelReason === undefined || !job.reasons.has(cancelReason)) return record;
  return job.reasons.has(job.record.cancelReason)
    ? { ...record, cancelReason: job.record.cancelReason }
    : record;
}

function statsOf(model: StorageModel, queue: string) {
  const jobs = model.list().filter(({ record }) => record.queue === queue);
  const inState = (state: JobState) => jobs.filter((job) => job.stateAt(model.now) === state);
  const ready = inState('ready').map(({ record }) => record.runAt);
  const [blocked, scheduled, running] = [inState('blocked'), inState('scheduled'), inState('running')];
  return fieldsOf({
    ...{ queue, blocked: blocked.length, ready: ready.length, scheduled: scheduled.length },
    ...{ running: running.length, retrying: inState('retrying').length, dead: inState('dead').length },
    ...model.queues.counts(queue),
    oldestReadyAt: ready.length > 0 ? Math.min(...ready) : undefined,
    paused: model.queues.pauseOf(queue),
    limits: model.queues.limits.of(queue),
  });
}

async function compareGroup(
  model: StorageModel,
  storage: Storage,
  queue: string,
  group: string,
): Promise<void> {
  const jobs = model.list().filter(({ record }) => record.queue === queue && record.group === group);
  const waiting = jobs.filter((job) => job.waits() || job.record.state === 'blocked').length;
  const running = jobs.filter(({ record }) => record.state === 'running').length;
  const paused = model.queues.pauseOf(queue, group);
  const stats = await storage.group(queue, group);
  const isThere = waiting + running > 0 || paused !== undefined;
  const { startsAgainAt, ...numbers } = stats ?? {};
  assert.deepEqual(
    stats && fieldsOf({ ...numbers, paused: stats.paused?.reason }),
    isThere ? fieldsOf({ waiting, running, paused }) : undefined,
    `group ${group} of ${queue}`,
  );
  if (!isThere) return;
  const { limits } = model.queues;
  const freeAt = limits.groupFreeAt(queue, group);
  if (limits.forbidsGroup(queue, group, model.now)) assert.ok(startsAgainAt, `when ${group} starts again`);
  if (startsAgainAt !== undefined)
    assert.ok(startsAgainAt > model.now && startsAgainAt <= freeAt, `${startsAgainAt} > ${freeAt}`);
}
