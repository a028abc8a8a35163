/**
 * The garbage collector sees little of what lies beside its heap, and comes when there are some 200 MiB of it. Buffers that were made here, and that
 * nobody has any more, are given back at once: large bodies would fill those 200 MiB in a second.
 */
export function giveBack({ buffer, length }: Uint8Array): void {
  // A part of the pool, or of a larger one, is not ours to give.
  if (length >= LEAST_BYTES && buffer instanceof ArrayBuffer && buffer.byteLength === length) buffer.transfer(0);
}

/** To give a shorter one back costs more than to leave it to the collector. */
const LEAST_BYTES = 16 * 1024;
