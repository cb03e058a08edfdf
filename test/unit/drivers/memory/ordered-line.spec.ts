import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OrderedLine } from '../../../../lib/drivers/memory/ordered-line.js';

interface Item {
  rank: number;
  readonly serial: number;
  place: number;
}

type Step =
  | { readonly do: 'add'; readonly ahead: number }
  | { readonly do: 'take' }
  | { readonly do: 'remove'; readonly pick: number }
  | { readonly do: 'rerank'; readonly pick: number; readonly ahead: number };

// Mostly 0: behind all others, as most jobs come.
const ahead = fc.oneof(
  { weight: 4, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 20 }) },
);
const pick = fc.nat();
const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('add' as const), ahead }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('take' as const) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), pick }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('rerank' as const), pick, ahead }) },
  ),
  { maxLength: 400, size: 'max' },
);

describe('a line of items in order', () => {
  it('gives the first of what is in it, whatever was added and removed before', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const line = new OrderedLine<Item>(isBefore);
        const model: Item[] = [];
        for (const [serial, step] of taken.entries()) {
          take(step, serial, line, model);
          expect(line.size).toBe(model.length);
          expect(line.first).toBe(firstOf(model));
        }
        const rest = model.toSorted((a, b) => (isBefore(a, b) ? -1 : 1));
        expect(rest.map(() => line.takeFirst())).toEqual(rest);
        expect(line.takeFirst()).toBeUndefined();
      }),
      { numRuns: 200 },
    );
  });

  it('finds every item where it stands, also after most of the others have left', () => {
    const line = new OrderedLine<Item>(isBefore);
    const items = Array.from({ length: 1000 }, (_, serial) => ({ rank: serial, serial, place: -1 }));
    for (const item of items) line.add(item);
    const stay = items.filter(({ serial }) => serial % 10 === 5);
    for (const item of items) if (!stay.includes(item)) line.remove(item);
    expect([...line.values()]).toEqual(stay);
    for (const item of items.filter((each) => !stay.includes(each))) expect(item.place).toBe(-1);
    const [first, second, ...rest] = stay;
    if (second) line.remove(second);
    expect(line.takeFirst()).toBe(first);
    expect([...line.values()]).toEqual(rest);
  });

  it('does not grow while as many items leave as come', () => {
    const line = new OrderedLine<Item>(isBefore);
    let highest = 0;
    for (let serial = 0; serial < 10_000; serial += 1) {
      const item = { rank: serial, serial, place: -1 };
      line.add(item);
      highest = Math.max(highest, item.place);
      if (serial >= 10) line.takeFirst();
    }
    expect(highest).toBeLessThan(200);
  });
});

function take(step: Step, serial: number, line: OrderedLine<Item>, model: Item[]): void {
  if (step.do === 'add') {
    const item = { rank: serial - step.ahead, serial, place: -1 };
    model.push(item);
    return line.add(item);
  }
  if (step.do === 'take') {
    const first = line.takeFirst();
    return void (first && model.splice(model.indexOf(first), 1));
  }
  const item = model[step.pick % model.length];
  if (item === undefined) return;
  if (step.do === 'remove') {
    model.splice(model.indexOf(item), 1);
    return line.remove(item);
  }
  // As a heartbeat does it with a lease.
  line.remove(item);
  item.rank = serial - step.ahead;
  line.add(item);
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
