import { afterEach, beforeEach, expect, it } from 'vitest';
import { SecondSignal } from '../../../lib/nest/lifecycle/second-signal.js';
import { FakeClock } from '../../../lib/testing/fake-clock.js';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
const others = SIGNALS.map((signal) => process.listeners(signal));
const app = () => {};

function removeAll(): void {
  for (const signal of SIGNALS) process.removeAllListeners(signal);
}

beforeEach(removeAll);

afterEach(() => {
  removeAll();
  SIGNALS.forEach((signal, index) => others[index]?.forEach((other) => process.on(signal, other)));
});

function listening() {
  const clock = new FakeClock();
  const heard: string[] = [];
  const secondSignal = new SecondSignal(clock, (signal) => heard.push(signal));
  secondSignal.listen();
  return { clock, heard, secondSignal };
}

it.each(SIGNALS)('hears %s, once', async (signal) => {
  for (const each of SIGNALS) process.on(each, app);
  const { clock, heard } = listening();
  await clock.advance(1_000);
  process.emit(signal, signal);
  process.emit(signal, signal);
  expect(heard).toEqual([signal]);
  expect(SIGNALS.map((each) => process.listeners(each))).toEqual([[app], [app]]);
});

it('takes what comes within half a second for the echo of the first', async () => {
  process.on('SIGINT', app);
  const { clock, heard } = listening();
  process.emit('SIGINT', 'SIGINT');
  await clock.advance(499);
  process.emit('SIGINT', 'SIGINT');
  expect(heard).toEqual([]);
  await clock.advance(1);
  process.emit('SIGINT', 'SIGINT');
  expect(heard).toEqual(['SIGINT']);
});

it('leaves alone a signal that nothing else listens for, since that has to end the process', () => {
  process.on('SIGINT', app);
  listening();
  expect(process.listenerCount('SIGTERM')).toBe(0);
  expect(process.listenerCount('SIGINT')).toBe(2);
});

it('listens for nothing once all is stopped', async () => {
  process.on('SIGTERM', app);
  const { clock, heard, secondSignal } = listening();
  secondSignal.ignore();
  await clock.advance(1_000);
  process.emit('SIGTERM', 'SIGTERM');
  expect(heard).toEqual([]);
  expect(process.listeners('SIGTERM')).toEqual([app]);
});
