/** A thread that seals blocks and writes them to a file that the engine has opened. It waits for the disk as long as that takes. */
import { present } from '#platform/base/assert.ts';
import { type BlockWriter, blockWriter } from '#platform/blobs/blocks.ts';
import type { SealOrder } from '#platform/blobs/filesystem/seal-threads.ts';
import { writeAllSync } from '#platform/blobs/filesystem/write.ts';
import { giveBack } from '#platform/blobs/give-back.ts';
import { answerOrders } from '#platform/threads/answer-orders.ts';

interface Stream {
  readonly file: number;
  readonly encoder: BlockWriter;
  /** Where the next block is written. */
  offset: number;
}

const streams = new Map<number, Stream>();

function write(stream: Stream, blocks: readonly Uint8Array[]): void {
  writeAllSync(stream.file, blocks, stream.offset);
  for (const block of blocks) {
    stream.offset += block.length;
    giveBack(block);
  }
}

const streamOf = (id: number): Stream => present(streams.get(id), 'a stream is begun, and ends when it fails');

function carryOut(order: SealOrder): number {
  switch (order.kind) {
    case 'begin': {
      const { file, offset, key } = order;
      streams.set(order.stream, { file, offset, encoder: blockWriter({ key }) });
      return 0;
    }
    case 'seal': {
      const stream = streamOf(order.stream);
      write(stream, stream.encoder.push(order.bytes));
      return 0;
    }
    case 'end': {
      const stream = streamOf(order.stream);
      write(stream, stream.encoder.end());
      return stream.encoder.bytes;
    }
    case 'drop':
      streams.delete(order.stream);
      return 0;
  }
}

answerOrders<SealOrder, number>((order) => {
  try {
    return carryOut(order);
  } catch (error) {
    // What follows a piece that is missing must not be written.
    streams.delete(order.stream);
    throw error;
  }
});
