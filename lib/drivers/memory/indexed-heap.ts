/** What stands in an order that notes where, so that it can be taken out of the middle. */
export interface Placed {
  /** Written by whoever holds the item, one at a time; −1 by none. */
  place: number;
}

/**
 * A binary heap that finds its items. Adding and removing take O(log n), and what was removed is not referenced any
 * more: nothing is left behind to be skipped later.
 */
export class IndexedHeap<T extends Placed> {
  readonly #items: T[] = [];
  readonly #isBefore: (a: T, b: T) => boolean;

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  get size(): number {
    return this.#items.length;
  }

  get first(): T | undefined {
    return this.#items[0];
  }

  /** The items in no order of use. */
  values(): Iterable<T> {
    return this.#items.values();
  }

  add(item: T): void {
    this.#items.push(item);
    this.#rise(item, this.#items.length - 1);
  }

  /** The item must be in this heap; its order may have changed meanwhile. */
  remove(item: T): void {
    const last = this.#items.pop() as T;
    if (last !== item) this.#fill(item.place, last);
    item.place = -1;
  }

  /**
   * The hole sinks to a leaf and the item rises from there: an item that comes from the end mostly belongs near
   * the end, so this asks half as often as sinking the item would.
   */
  #fill(hole: number, item: T): void {
    const items = this.#items;
    const { length } = items;
    for (let child = 2 * hole + 1; child < length; child = 2 * hole + 1) {
      const right = child + 1;
      if (right < length && this.#isBefore(items[right] as T, items[child] as T)) child = right;
      this.#put(items[child] as T, hole);
      hole = child;
    }
    this.#rise(item, hole);
  }

  #rise(item: T, hole: number): void {
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const above = this.#items[parent] as T;
      if (!this.#isBefore(item, above)) break;
      this.#put(above, hole);
      hole = parent;
    }
    this.#put(item, hole);
  }

  #put(item: T, place: number): void {
    this.#items[place] = item;
    item.place = place;
  }
}
