import { afterEach, beforeEach, expect, it } from 'vitest';
import { SecondSignal } from '../../../lib/nest/lifecycle/second-signal.js';
import { FakeClock } from '../../../lib/testing/fake-clock.js';
import { signalsOfOurOwn } from './signals-of-our-own.js';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
const app = () => {};
const listening: SecondSignal[] = [];

signalsOfOurOwn();

beforeEach(() => SIGNALS.forEach((signal) => process.on(signal, app)));

afterEach(() => listening.splice(0).forEach((each) => each.ignore()));

function started() {
  const clock = new FakeClock();
  const heard: string[] = [];
  const secondSignal = new SecondSignal(clock, (signal) => heard.push(signal));
  listening.push(secondSignal);
  secondSignal.listen();
  return { clock, heard, secondSignal };
}

it.each(SIGNALS)('hears %s, once', async (signal) => {
  const { clock, heard, secondSignal } = started();
  process.emit('SIGTERM', 'SIGTERM');
  secondSignal.expect();
  await clock.advance(1_000);
  process.emit(signal, signal);
  process.emit(signal, signal);
  expect(heard).toEqual([signal]);
  expect(SIGNALS.map((each) => process.listeners(each))).toEqual([[app], [app]]);
});

it('takes a signal that comes while the application closes by itself for the first', async () => {
  const { clock, heard, secondSignal } = started();
  secondSignal.expect();
  await clock.advance(10_000);
  process.emit('SIGTERM', 'SIGTERM');
  await clock.advance(1_000);
  expect(heard).toEqual([]);
  process.emit('SIGINT', 'SIGINT');
  expect(heard).toEqual(['SIGINT']);
});

it('counts from the signal, although the application took its time before it stopped', async () => {
  const { clock, heard, secondSignal } = started();
  process.emit('SIGTERM', 'SIGTERM');
  await clock.advance(1_000);
  secondSignal.expect();
  process.emit('SIGTERM', 'SIGTERM');
  expect(heard).toEqual(['SIGTERM']);
});

it('takes what comes within half a second for the echo of the first', async () => {
  const { clock, heard, secondSignal } = started();
  secondSignal.expect();
  process.emit('SIGINT', 'SIGINT');
  await clock.advance(499);
  process.emit('SIGINT', 'SIGINT');
  expect(heard).toEqual([]);
  await clock.advance(1);
  process.emit('SIGINT', 'SIGINT');
  expect(heard).toEqual(['SIGINT']);
});

it('hurries nothing before the application stops', async () => {
  const { clock, heard } = started();
  process.emit('SIGTERM', 'SIGTERM');
  await clock.advance(1_000);
  process.emit('SIGTERM', 'SIGTERM');
  expect(heard).toEqual([]);
});

it('listens for nothing once all is stopped', async () => {
  const { clock, heard, secondSignal } = started();
  process.emit('SIGTERM', 'SIGTERM');
  secondSignal.expect();
  secondSignal.ignore();
  await clock.advance(1_000);
  process.emit('SIGTERM', 'SIGTERM');
  expect(heard).toEqual([]);
  expect(process.listeners('SIGTERM')).toEqual([app]);
});
