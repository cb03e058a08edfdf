import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IndexedHeap, type Placed } from '../../../../lib/drivers/memory/indexed-heap.js';

interface Item extends Placed {
  readonly rank: number;
  readonly serial: number;
}

type Step =
  | { readonly do: 'add'; readonly rank: number }
  | { readonly do: 'take' }
  | { readonly do: 'remove'; readonly pick: number };

const rank = fc.integer({ min: 0, max: 20 });
const pick = fc.nat();
const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('add' as const), rank }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('take' as const) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), pick }) },
  ),
  { maxLength: 120 },
);

describe('a heap that finds its items', () => {
  it('gives the first of what is in it, whatever was added and removed before', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const heap = new IndexedHeap<Item>(isBefore);
        const model: Item[] = [];
        for (const [serial, step] of taken.entries()) {
          take(step, serial, heap, model);
          expect(heap.size).toBe(model.length);
          expect(heap.first).toBe(firstOf(model));
        }
        const rest = model.toSorted((a, b) => (isBefore(a, b) ? -1 : 1));
        expect(rest.map(() => takeFirst(heap))).toEqual(rest);
        expect(heap.first).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  it('holds on to nothing that has left it', () => {
    const heap = new IndexedHeap<Item>(isBefore);
    const items = Array.from({ length: 100 }, (_, serial) => ({ rank: serial % 7, serial, place: -1 }));
    for (const item of items) heap.add(item);
    for (const item of items.slice(20, 90)) heap.remove(item);
    expect(new Set(heap.values())).toEqual(new Set([...items.slice(0, 20), ...items.slice(90)]));
    for (const item of items.slice(20, 90)) expect(item.place).toBe(-1);
  });
});

function take(step: Step, serial: number, heap: IndexedHeap<Item>, model: Item[]): void {
  if (step.do === 'add') {
    const item = { rank: step.rank, serial, place: -1 };
    model.push(item);
    return heap.add(item);
  }
  if (step.do === 'take') {
    const first = takeFirst(heap);
    return void (first && model.splice(model.indexOf(first), 1));
  }
  const item = model[step.pick % model.length];
  if (item === undefined) return;
  model.splice(model.indexOf(item), 1);
  heap.remove(item);
}

function takeFirst(heap: IndexedHeap<Item>): Item | undefined {
  const { first } = heap;
  if (first !== undefined) heap.remove(first);
  return first;
}

function firstOf(items: readonly Item[]): Item | undefined {
  return items.reduce<Item | undefined>(
    (best, item) => (best && isBefore(best, item) ? best : item),
    undefined,
  );
}

function isBefore(a: Item, b: Item): boolean {
  return a.rank === b.rank ? a.serial < b.serial : a.rank < b.rank;
}
