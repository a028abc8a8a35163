/** Bits of bytes that come in pieces, the highest first. */

/** What is asked for has not come yet. */
export class OutOfBits extends Error {
  override name = 'OutOfBits';
}

export class BitReader {
  #bytes: Uint8Array = new Uint8Array(0);
  /** In bits. */
  #at = 0;

  get availableBytes(): number {
    return this.#bytes.length - Math.ceil(this.#at / 8);
  }

  add(chunk: Uint8Array): void {
    this.forget();
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
  }

  /** What was read is not kept. */
  forget(): void {
    this.#bytes = this.#bytes.subarray(this.#at >>> 3);
    this.#at &= 7;
  }

  /** At most 32. */
  read(count: number): number {
    if (this.#at + count > this.#bytes.length * 8) throw new OutOfBits('the input ends here');
    let value = 0;
    for (let left = count; left > 0; ) {
      const offset = this.#at & 7;
      const taken = Math.min(8 - offset, left);
      const byte = this.#bytes[this.#at >>> 3] ?? 0;
      value = value * 2 ** taken + ((byte >>> (8 - offset - taken)) & (2 ** taken - 1));
      this.#at += taken;
      left -= taken;
    }
    return value;
  }

  bit(): number {
    const at = this.#at;
    const byte = this.#bytes[at >>> 3];
    if (byte === undefined) throw new OutOfBits('the input ends here');
    this.#at = at + 1;
    return (byte >>> (7 - (at & 7))) & 1;
  }

  alignToByte(): void {
    this.#at = Math.ceil(this.#at / 8) * 8;
  }
}
