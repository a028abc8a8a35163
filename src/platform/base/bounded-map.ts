/**
 * What is kept because it is likely asked for again, by texts that clients choose: so bounded in number and in characters, or who
 * sends long ones by the thousand would fill the memory. What has been there longest leaves.
 */
interface Held<Value> {
  readonly value: Value;
  readonly characters: number;
}

export interface Bounds {
  readonly entries: number;
  readonly characters: number;
}

export class BoundedMap<Value> {
  readonly #held = new Map<string, Held<Value>>();
  readonly #bounds: Bounds;
  #characters = 0;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#held.size;
  }

  get(key: string): Value | undefined {
    return this.#held.get(key)?.value;
  }

  /** `more`: what the value holds beside its key, in characters. */
  set(key: string, value: Value, more = 0): void {
    this.delete(key);
    const characters = key.length + more;
    // It would drive out all others and not fit even so.
    if (characters > this.#bounds.characters) return;
    this.#held.set(key, { value, characters });
    this.#characters += characters;
    while (this.#held.size > this.#bounds.entries || this.#characters > this.#bounds.characters) {
      const [oldest] = this.#held.keys();
      if (oldest !== undefined) this.delete(oldest);
    }
  }

  delete(key: string): void {
    const held = this.#held.get(key);
    if (held === undefined) return;
    this.#held.delete(key);
    this.#characters -= held.characters;
  }
}
