/**
 * BZIP2, which Node does not have: bytes that come in pieces, decompressed block by block. A block is decoded when all of it is there,
 * and it is no longer than a known number of bytes; its check sum is held against what came out. Each step is as the format's
 * description has it: Huffman codes, runs of zeros, move to front, Burrows and Wheeler's transform, runs of bytes.
 */
import { BitReader, OutOfBits } from '#services/s3/select/bit-reader.ts';
import { refuse } from '#services/s3/select/errors.ts';

const BLOCK = 0x314159265359;
const END = 0x177245385090;
const BLOCK_UNIT = 100_000;
/** A block of the largest size, as long as it can be: no symbol of its 900,000 has more than 20 bits. */
const LONGEST_BLOCK_BYTES = 2_500_000;
const PIECE_BYTES = 64 * 1024;
const SYMBOLS_PER_SELECTOR = 50;
const LONGEST_CODE = 20;

const wrong = (): never => refuse('InvalidCompressionFormat');

export async function* bunzip2(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const bits = new BitReader();
  const decoder = newDecoder(bits);
  for await (const chunk of chunks) {
    bits.add(chunk);
    while (bits.availableBytes > LONGEST_BLOCK_BYTES) yield* decoder.step();
  }
  try {
    while (!decoder.isAtEnd()) yield* decoder.step();
  } catch (error) {
    throw error instanceof OutOfBits ? refuse('TruncatedInput') : error;
  }
}

interface Decoder {
  /** A stream's beginning or end, or a block, whose bytes it gives. */
  step(): Iterable<Uint8Array>;
  /** Nothing is left, and the last stream has ended. */
  isAtEnd(): boolean;
}

function newDecoder(bits: BitReader): Decoder {
  /** Of the stream; 0 between streams. */
  let blockSize = 0;
  return {
    isAtEnd: () => blockSize === 0 && bits.availableBytes === 0,
    *step() {
      if (blockSize === 0) {
        blockSize = readHead(bits);
        return;
      }
      const mark = bits.read(24) * 2 ** 24 + bits.read(24);
      if (mark === BLOCK) {
        yield* pieces(readBlock(bits, blockSize));
        bits.forget();
      } else if (mark === END) {
        bits.read(32);
        bits.alignToByte();
        blockSize = 0;
      } else wrong();
    },
  };
}

/** A block of equal bytes is fifty times as long as another. */
function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}

function readHead(bits: BitReader): number {
  const level = bits.read(24) === 0x425a68 ? bits.read(8) - 0x30 : 0;
  return level >= 1 && level <= 9 ? level * BLOCK_UNIT : wrong();
}

function readBlock(bits: BitReader, blockSize: number): Uint8Array {
  const expected = bits.read(32);
  // Randomised blocks are of versions before 0.9.5.
  if (bits.bit() === 1) wrong();
  const origin = bits.read(24);
  const used = readUsed(bits);
  const { counts, symbols } = readSymbols(bits, used, blockSize);
  if (origin >= symbols.length) wrong();
  const bytes = expanded(untransformed(symbols, counts, origin));
  return checkSumOf(bytes) === expected ? bytes : wrong();
}

/** The bytes that the block has at all. */
function readUsed(bits: BitReader): Uint8Array {
  const rows = bits.read(16);
  const used: number[] = [];
  for (let row = 0; row < 16; row++) {
    if ((rows & (0x8000 >> row)) === 0) continue;
    const columns = bits.read(16);
    for (let column = 0; column < 16; column++) if (columns & (0x8000 >> column)) used.push(row * 16 + column);
  }
  return used.length > 0 ? Uint8Array.from(used) : wrong();
}

interface Code {
  /** By length: how many codes there are. */
  readonly counts: Uint16Array;
  /** In the order of their codes. */
  readonly symbols: Uint16Array;
}

function readCode(bits: BitReader, size: number): Code {
  const counts = new Uint16Array(LONGEST_CODE + 1);
  const lengths = new Uint8Array(size);
  let length = bits.read(5);
  for (let symbol = 0; symbol < size; symbol++) {
    while (bits.bit() === 1) length += bits.bit() === 0 ? 1 : -1;
    if (length < 1 || length > LONGEST_CODE) wrong();
    lengths[symbol] = length;
    counts[length] = (counts[length] ?? 0) + 1;
  }
  const symbols = Uint16Array.from(lengths.keys()).sort((a, b) => (lengths[a] ?? 0) - (lengths[b] ?? 0) || a - b);
  return { counts, symbols };
}

function readSymbol(bits: BitReader, { counts, symbols }: Code): number {
  let [code, first, index] = [0, 0, 0];
  for (let length = 1; length <= LONGEST_CODE; length++) {
    code = (code << 1) | bits.bit();
    const count = counts[length] ?? 0;
    if (code - first < count) return symbols[index + code - first] ?? wrong();
    index += count;
    first = (first + count) << 1;
  }
  return wrong();
}

function readSelectors(bits: BitReader, groups: number): Uint8Array {
  const selectors = new Uint8Array(bits.read(15));
  const order = Array.from({ length: groups }, (_, index) => index);
  for (let at = 0; at < selectors.length; at++) {
    let place = 0;
    while (bits.bit() === 1) if (++place >= groups) wrong();
    const [chosen = 0] = order.splice(place, 1);
    order.unshift(chosen);
    selectors[at] = chosen;
  }
  return selectors.length > 0 ? selectors : wrong();
}

interface Transformed {
  readonly symbols: Uint8Array;
  /** How often each byte is there. */
  readonly counts: Uint32Array;
}

function readSymbols(bits: BitReader, used: Uint8Array, blockSize: number): Transformed {
  const groups = bits.read(3);
  if (groups < 2 || groups > 6) wrong();
  const selectors = readSelectors(bits, groups);
  const end = used.length + 1;
  const codes = Array.from({ length: groups }, () => readCode(bits, used.length + 2));
  const front = Uint8Array.from(used);
  const symbols = new Uint8Array(blockSize);
  const counts = new Uint32Array(256);
  let [size, run, weight] = [0, 0, 1];
  const put = (byte: number, times: number): void => {
    if (size + times > blockSize) wrong();
    if (times === 1) symbols[size] = byte;
    else symbols.fill(byte, size, size + times);
    counts[byte] = (counts[byte] ?? 0) + times;
    size += times;
  };
  for (let at = 0; ; at++) {
    const code = codes[selectors[Math.floor(at / SYMBOLS_PER_SELECTOR)] ?? -1] ?? wrong();
    const symbol = readSymbol(bits, code);
    if (symbol <= 1) {
      // A run's length is written in ones and twos.
      run += weight << symbol;
      weight <<= 1;
      if (run > blockSize) wrong();
      continue;
    }
    if (run > 0) put(front[0] ?? 0, run);
    [run, weight] = [0, 1];
    if (symbol === end) return { symbols: symbols.subarray(0, size), counts };
    const byte = front[symbol - 1] ?? wrong();
    front.copyWithin(1, 0, symbol - 1);
    front[0] = byte;
    put(byte, 1);
  }
}

function untransformed(symbols: Uint8Array, counts: Uint32Array, origin: number): Uint8Array {
  const starts = new Uint32Array(256);
  for (let byte = 1; byte < 256; byte++) starts[byte] = (starts[byte - 1] ?? 0) + (counts[byte - 1] ?? 0);
  const next = new Uint32Array(symbols.length);
  for (let at = 0; at < symbols.length; at++) {
    const byte = symbols[at] ?? 0;
    const place = starts[byte] ?? 0;
    next[place] = at;
    starts[byte] = place + 1;
  }
  const bytes = new Uint8Array(symbols.length);
  let at = next[origin] ?? 0;
  for (let index = 0; index < bytes.length; index++) {
    bytes[index] = symbols[at] ?? 0;
    at = next[at] ?? 0;
  }
  return bytes;
}

/** Four equal bytes are followed by how many more of them there are. */
function expanded(bytes: Uint8Array): Uint8Array {
  let size = 0;
  eachRun(bytes, (_, times) => {
    size += times;
  });
  const whole = new Uint8Array(size);
  let at = 0;
  eachRun(bytes, (byte, times) => {
    if (times === 1) whole[at] = byte;
    else whole.fill(byte, at, at + times);
    at += times;
  });
  return whole;
}

function eachRun(bytes: Uint8Array, visit: (byte: number, times: number) => void): void {
  let [equal, last] = [0, -1];
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (equal === 4) {
      visit(last, byte);
      equal = 0;
      last = -1;
      continue;
    }
    equal = byte === last ? equal + 1 : 1;
    last = byte;
    visit(byte, 1);
  }
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 24;
  for (let bit = 0; bit < 8; bit++) value = value & 0x80000000 ? (value << 1) ^ 0x04c11db7 : value << 1;
  return value;
});

/** CRC-32 with the highest bit first, unlike zlib's. */
function checkSumOf(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (let at = 0; at < bytes.length; at++)
    value = (value << 8) ^ (CRC_TABLE[((value >>> 24) ^ (bytes[at] ?? 0)) & 0xff] ?? 0);
  return ~value >>> 0;
}
