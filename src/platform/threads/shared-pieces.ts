/**
 * A stream copied into memory that threads see, piece by piece: while some are read there, another fills here. Who fills faster than
 * they read waits. There are more than two pieces because a thread that sleeps may wait for a core, and the others need not meanwhile.
 */
export const PIECES = 4;

/** Who takes the pieces may go on reading one until the one that is given out `PIECES - 1` later has been taken, and no longer. */
export async function* inSharedPieces(
  source: AsyncIterable<Uint8Array>,
  memory: SharedArrayBuffer,
  /** Has a piece read, and resolves when it has been. */
  read: (piece: Uint8Array) => Promise<unknown>,
): AsyncGenerator<Uint8Array> {
  const pieceBytes = memory.byteLength / PIECES;
  /** The piece that fills, and how much of it is filled. */
  let index = 0;
  let filled = 0;
  const readings = new Array<Promise<unknown>>(PIECES).fill(Promise.resolve());
  const handOver = (): Uint8Array => {
    const piece = new Uint8Array(memory, index * pieceBytes, filled);
    const reading = read(piece);
    // Whoever waits for it next is told; nobody may.
    reading.catch(() => {});
    readings[index] = reading;
    index = (index + 1) % PIECES;
    filled = 0;
    return piece;
  };
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; ) {
      if (filled === 0) await readings[index];
      const part = chunk.subarray(at, at + pieceBytes - filled);
      new Uint8Array(memory, index * pieceBytes + filled).set(part);
      filled += part.length;
      at += part.length;
      if (filled === pieceBytes) yield handOver();
    }
  }
  if (filled > 0) yield handOver();
  await Promise.all(readings);
}
