import { expect, it } from 'vitest';
import { BoundedLabels } from '../../../lib/nest/prometheus/bounded-labels.js';

it('gives the first values labels of their own and lets all others share one', () => {
  const labels = new BoundedLabels(['queue', 'name'], 2);
  expect(labels.of('a', 'x')).toEqual({ queue: 'a', name: 'x' });
  expect(labels.of('a', 'y')).toEqual({ queue: 'a', name: 'y' });
  expect(labels.of('b', 'x')).toEqual({ queue: '(other)', name: '(other)' });
  expect(labels.of('a', 'x')).toEqual({ queue: 'a', name: 'x' });
});

it('takes no two values for the same because of where one ends', () => {
  const labels = new BoundedLabels(['queue', 'name']);
  expect(labels.of('a', 'bc')).not.toEqual(labels.of('ab', 'c'));
});
