/**
 * A binary heap that knows where each item is (`item.heapIndex`, -1 when it is in none): the item with the least rank
 * comes first, and any item can be moved or removed in O(log n).
 */
export interface HeapItem {
  heapIndex: number;
}

export class Heap<T extends HeapItem> {
  readonly #items: T[] = [];
  readonly #rank: (item: T) => number;

  constructor(rank: (item: T) => number) {
    this.#rank = rank;
  }

  get size(): number {
    return this.#items.length;
  }

  first(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    item.heapIndex = this.#items.length;
    this.#items.push(item);
    this.#up(item.heapIndex);
  }

  /** After the item's rank has changed. */
  moved(item: T): void {
    this.#up(item.heapIndex);
    this.#down(item.heapIndex);
  }

  remove(item: T): void {
    const at = item.heapIndex;
    if (at < 0) return;
    item.heapIndex = -1;
    const last = this.#items.pop();
    if (last === undefined || last === item) return;
    this.#place(last, at);
    this.moved(last);
  }

  #place(item: T, at: number): void {
    this.#items[at] = item;
    item.heapIndex = at;
  }

  // Positions below are within the array, which has no holes: the casts say that.
  #up(from: number): void {
    const item = this.#items[from] as T;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = this.#items[parent] as T;
      if (this.#rank(above) <= this.#rank(item)) break;
      this.#place(above, at);
      at = parent;
    }
    this.#place(item, at);
  }

  #down(from: number): void {
    const item = this.#items[from] as T;
    const size = this.#items.length;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && this.#rank(this.#items[child + 1] as T) < this.#rank(this.#items[child] as T)) child++;
      const below = this.#items[child] as T;
      if (this.#rank(below) >= this.#rank(item)) break;
      this.#place(below, at);
      at = child;
    }
    this.#place(item, at);
  }
}
