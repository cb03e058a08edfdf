import { defineJob } from 'nestjs-background-jobs/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Actor } from './actor.js';
import { SHARED_STORAGES } from './shared-storages.js';
import { Stage } from './stage.js';
import { until } from './until.js';

const GRACE = 1_000;
const ABORT_GRACE = 500;
/** What stopping may take besides: 2 s to flush, and 1 s for the process to end. */
const REST = 3_000;
/** A grace that no test waits for. */
const NEVER = 30_000;
/** A signal that comes sooner than half a second after the first is taken for its echo. */
const ECHO = 700;

class Short {}
class Long {}
class Obedient {}
class Parent {}
defineJob(Short, { name: 'short' });
defineJob(Long, { name: 'long' });
defineJob(Obedient, { name: 'obedient' });
defineJob(Parent, { name: 'parent' });

let stage: Stage;
describe.each(SHARED_STORAGES)('on $name', (shared) => {
  beforeEach(async () => {
    stage = await Stage.open(shared);
  });
  afterEach(() => stage.close());

  it('lets short jobs end and gives long ones back uncharged, before the database of the app closes', async () => {
    const app = await startApp();
    const [short, long] = await stage.jobs.queueAll([new Short(), new Long()]);
    await until('both run', () => hasLines('short-started', 'long-started'), { seen: stage.story });
    await terminate(app);

    expect(await stage.jobs.info(short?.id ?? '')).toMatchObject({ state: 'completed', attempts: 0 });
    expect(await stage.jobs.info(long?.id ?? '')).toMatchObject({ state: 'ready', attempts: 0, stalls: 0 });
    expect(stage.lines('long-aborted')).toMatchObject([{ reason: 'ShutdownError' }]);
    const [closed] = stage.lines('database-closed');
    const [aborted] = stage.lines('long-aborted');
    const afterAbort = (closed?.at ?? 0) - (aborted?.at ?? Infinity);
    expect(afterAbort, 'milliseconds from the abort to the close').toBeGreaterThan(ABORT_GRACE - 50);
  });

  it('lets a job queue another one while the app stops, and keeps that one for the next process', async () => {
    const app = await startApp();
    const { id } = await stage.jobs.queue(new Parent());
    await until('it runs', () => hasLines('parent-started'), { seen: stage.story });
    await terminate(app);

    const [child] = stage.lines('child-queued');
    expect(await stage.jobs.info(id)).toMatchObject({ state: 'completed', attempts: 0 });
    expect(await stage.jobs.info(child?.id ?? '')).toMatchObject({ state: 'ready', attempts: 0 });
    expect(stage.lines('child-started')).toEqual([]);
  });

  it('stops in time although the storage does not answer any more', async () => {
    const app = await startApp();
    await stage.jobs.queueAll([new Short(), new Long()]);
    await until('both run', () => hasLines('short-started', 'long-started'), { seen: stage.story });
    app.tell('hang');
    await until('the storage hangs', () => hasLines('hanging'), { seen: stage.story });
    await terminate(app);
    expect(stage.lines('short-ended')).toHaveLength(1);
    expect(stage.lines('database-closed')).toHaveLength(1);
  });
});

// What a signal means to the process is nothing a storage has a say in: once is enough.
describe.each(SHARED_STORAGES.slice(0, 1))('on $name', (shared) => {
  beforeEach(async () => {
    stage = await Stage.open(shared);
  });
  afterEach(() => stage.close());

  it.each(['SIGTERM', 'SIGINT'] as const)('hurries at a second signal: %s', async (second) => {
    const app = await startApp({ grace: NEVER, abortGrace: NEVER });
    const queued = await stage.jobs.queueAll([new Obedient(), new Obedient()]);
    await until('both run', () => stage.lines('obedient-started').length === 2, { seen: stage.story });
    app.send('SIGTERM');
    await abortedBySignals(app, second);
    await expectEnd(app, REST);
    expect(stage.lines('database-closed')).toHaveLength(1);
    for (const { id } of queued) {
      expect(await stage.jobs.info(id)).toMatchObject({ state: 'ready', attempts: 0, stalls: 0 });
    }
  });

  it('lets jobs have their grace at the first signal that comes while the app closes by itself', async () => {
    const app = await startApp({ grace: NEVER, abortGrace: NEVER });
    await stage.jobs.queueAll([new Obedient(), new Obedient()]);
    await until('both run', () => stage.lines('obedient-started').length === 2, { seen: stage.story });
    app.tell('close');
    await until('the app closes', () => hasLines('closing'), { seen: stage.story });
    expect(await abortedBySignals(app, 'SIGTERM')).toBeGreaterThan(1);
    await expectEnd(app, REST);
    expect(stage.lines('database-closed')).toHaveLength(1);
  });

  it('leaves SIGTERM alone in an app that has not enabled shutdown hooks', async () => {
    const app = await startApp({ grace: NEVER, abortGrace: NEVER, hooks: false });
    await stage.jobs.queue(new Obedient());
    await until('it runs', () => hasLines('obedient-started'), { seen: stage.story });
    app.tell('close');
    await until('the app closes', () => hasLines('closing'), { seen: stage.story });
    app.send('SIGTERM');
    await expectEnd(app, REST);
    expect(stage.lines('database-closed')).toEqual([]);
  });
});

async function startApp(settings: object = {}): Promise<Actor> {
  const app = stage.spawn('app.mjs', { grace: GRACE, abortGrace: ABORT_GRACE, hooks: true, ...settings });
  await until('the app is up', () => hasLines('up'), { seen: stage.story });
  return app;
}

/** Sends a signal, each time after what might be an echo, until both jobs are asked to stop. Returns how many it sent. */
async function abortedBySignals(app: Actor, signal: NodeJS.Signals): Promise<number> {
  let sent = 0;
  let sentAt = performance.now();
  const isAborted = () => {
    if (stage.lines('obedient-aborted').length === 2) return true;
    if (performance.now() > sentAt + ECHO) {
      sentAt = performance.now();
      sent += 1;
      app.send(signal);
    }
    return false;
  };
  await until('both are asked to stop', isAborted, { seen: stage.story });
  return sent;
}

async function terminate(app: Actor): Promise<void> {
  app.send('SIGTERM');
  await expectEnd(app, GRACE + ABORT_GRACE + REST);
}

async function expectEnd(app: Actor, within: number): Promise<void> {
  const startedAt = performance.now();
  expect(await app.ended, stage.story()).toEqual({ code: null, signal: 'SIGTERM' });
  const took = Math.round(performance.now() - startedAt);
  expect(took, `milliseconds to stop\n${stage.story()}`).toBeLessThan(within);
}

function hasLines(...kinds: readonly string[]): boolean {
  return kinds.every((kind) => stage.lines(kind).length > 0);
}
