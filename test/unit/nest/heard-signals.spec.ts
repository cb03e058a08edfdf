import { afterEach, beforeEach, expect, it } from 'vitest';
import { heardSignals } from '../../../lib/nest/lifecycle/heard-signals.js';
import { signalsOfOurOwn } from './signals-of-our-own.js';

signalsOfOurOwn();

const app = () => {};
let heard: string[] = [];
const hear = (signal: string) => heard.push(signal);

beforeEach(() => void (heard = []));

afterEach(() => heardSignals.delete(hear));

it('leaves alone a signal that nothing else listens for, since that has to end the process', () => {
  process.on('SIGINT', app);
  heardSignals.add(hear);
  expect(process.listenerCount('SIGTERM')).toBe(0);
  expect(process.listenerCount('SIGINT')).toBe(2);
});

it('hears a signal that something else listens for later', () => {
  heardSignals.add(hear);
  process.on('SIGTERM', app);
  process.emit('SIGTERM', 'SIGTERM');
  expect(heard).toEqual(['SIGTERM']);
});

it('goes with the last that listens', () => {
  process.on('SIGTERM', app);
  heardSignals.add(hear);
  process.off('SIGTERM', app);
  expect(process.listenerCount('SIGTERM')).toBe(0);
  process.on('SIGTERM', app);
  process.on('SIGTERM', () => {});
  process.removeAllListeners('SIGTERM');
  expect(process.listenerCount('SIGTERM')).toBe(0);
});

it('hears a signal that something else listens for once', () => {
  process.once('SIGTERM', app);
  heardSignals.add(hear);
  process.emit('SIGTERM', 'SIGTERM');
  expect(heard).toEqual(['SIGTERM']);
  expect(process.listenerCount('SIGTERM')).toBe(0);
});

it('listens once for all of a process, and for as long as anybody asks', () => {
  process.on('SIGTERM', app);
  const another = () => {};
  const before = countOfNews();
  heardSignals.add(hear);
  heardSignals.add(another);
  expect(process.listenerCount('SIGTERM')).toBe(2);
  expect(countOfNews()).toBe(before + 2);
  heardSignals.delete(another);
  expect(process.listenerCount('SIGTERM')).toBe(2);
  heardSignals.delete(hear);
  heardSignals.delete(hear);
  expect(process.listeners('SIGTERM')).toEqual([app]);
  expect(countOfNews()).toBe(before);
});

function countOfNews(): number {
  return process.listenerCount('newListener') + process.listenerCount('removeListener');
}
