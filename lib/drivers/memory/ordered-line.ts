import { IndexedHeap, type Placed } from './indexed-heap.js';

/** Gaps this few are not worth closing. */
const FEW = 64;

/**
 * Items in their order, first come first found, and found again where they stand. Most items belong behind all
 * others when they come: those stand in a plain row, and to add or to remove one costs next to nothing. Only one
 * that belongs further in front costs the O(log n) of a heap.
 */
export class OrderedLine<T extends Placed> {
  readonly #isBefore: (a: T, b: T) => boolean;
  /** Made for the first that belongs further in front: most lines never need one. */
  #heap: IndexedHeap<T> | undefined = undefined;
  /** In order. Who left it leaves a gap, but the first and the last place are taken while `#count` is not 0. */
  readonly #row: (T | undefined)[] = [];
  #head = 0;
  #count = 0;

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  get size(): number {
    return this.#count + (this.#heap?.size ?? 0);
  }

  get first(): T | undefined {
    const first = this.#row[this.#head];
    const other = this.#heap?.first;
    if (first === undefined || other === undefined) return first ?? other;
    return this.#isBefore(first, other) ? first : other;
  }

  /** The items in no order of use. */
  *values(): Iterable<T> {
    for (const item of this.#row) if (item !== undefined) yield item;
    if (this.#heap !== undefined) yield* this.#heap.values();
  }

  add(item: T): void {
    const row = this.#row;
    const last = row[row.length - 1];
    if (last !== undefined && this.#isBefore(item, last)) {
      this.#heap ??= new IndexedHeap(this.#isBefore);
      return this.#heap.add(item);
    }
    item.place = row.length;
    row.push(item);
    this.#count += 1;
  }

  takeFirst(): T | undefined {
    const first = this.#heap === undefined ? this.#row[this.#head] : this.first;
    if (first !== undefined) this.remove(first);
    return first;
  }

  /** The item must be in this line; its order may have changed meanwhile. */
  remove(item: T): void {
    const row = this.#row;
    if (row[item.place] !== item) return this.#heap?.remove(item);
    row[item.place] = undefined;
    item.place = -1;
    this.#count -= 1;
    if (this.#count > 0) this.#closeGaps();
    else this.#head = row.length = 0;
  }

  #closeGaps(): void {
    const row = this.#row;
    while (row[this.#head] === undefined) this.#head += 1;
    while (row[row.length - 1] === undefined) row.pop();
    // Mostly gaps: each that is closed here was made by one removal since the last time.
    if (row.length - this.#count > FEW + this.#count) this.#pack();
  }

  #pack(): void {
    const row = this.#row;
    let end = 0;
    for (let index = this.#head; index < row.length; index += 1) {
      const item = row[index];
      if (item === undefined) continue;
      item.place = end;
      row[end] = item;
      end += 1;
    }
    row.length = end;
    this.#head = 0;
  }
}
