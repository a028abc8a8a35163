/**
 * An unpacked kernel with a way in for QEMU (-kernel): its parts as they were, and one more, kernel-entry.S, that QEMU enters. An emulated
 * processor has nothing to unpack so, all guests share the file's pages, and what a boot loader would tell the kernel, its screen too,
 * stands where the kernel looks for it. How fast the processor counts is measured there as well, and told (`tsc_early_khz`): a kernel that
 * measures it itself, in a processor that is interrupted meanwhile, lives in a time of its own.
 */
import { plainKernel } from '#platform/compute/images/plain-kernel.ts';

/** kernel-entry.S, assembled; its last four bytes are where the kernel begins. */
const CODE =
  'fafcbc00601000e8c201000089c5bf00101000b90010000031c0f3ab8b73288b533081fa800000007605ba800000008815e8111000bfd012' +
  '10004a780cb905000000f3a583c604ebf18b7318bf00501000c7052812100000501000b9d0070000ac84c07403aae2f889e885c07421be93' +
  '021000b90f000000f3a4be0a00000031d2f7f6524185c075f6580430aae2fac607008b4320a370101000837b0c0074128b73108b06a31812' +
  '10008b4608a31c12100066c705fe11100055aac705021210004864725366c705061210000c02c60510121000ffc6051112100001803d4904' +
  '000003754366a15004000066a300101000c6050610100003a04a040000a207101000c6050a10100003a084040000fec0a20e101000c6050f' +
  '1010000166a18504000066a310101000c7050020100003301000c7050030100003401000bf00401000b883000000b900020000890783c708' +
  '0500002000e2f4b8002010000f22d80f20e00c200f22e0b9800000c00f3280cc010f300f0115b00110000f20c00d010000800f22c0eab601' +
  '100010008d74260000000000000000000000000000000000ffff0000009aaf00ffff00000092cf001f0090011000b8180000008ed88ec08e' +
  'd0be001010008b05d8000000ffe053b8000000400fa281fb4b564d4b5bb800000000746dbd08000000e86a000000ff35085f1000ff35045f' +
  '1000ff35005f1000b940420f0066ba0806ed2b042425ffffff003dd38b00007302e2eee838000000592b0d005f1000f7d981e1ffffff00a1' +
  '045f10008b15085f10005e29f05e19f2751001c9bef71b0000f7e639ca7303f7f1c331c04d7592c3bfffffffffb9100000000f31525066ba' +
  '0806ed500f312b44240439f8731789c78f05005f10008f05045f10008f05085f1000e2d6c383c40ce2d0c3207473635f6561726c795f6b68' +
  '7a3d669000000000';

/** Where it was linked to: below all kernels, above what the firmware uses. */
const PLACE = 0x100000;
/** With what it writes behind itself. */
const PLACE_BYTES = 0x6000;
/** XEN_ELFNOTE_PHYS32_ENTRY, of the owner "Xen": eight bytes. */
const ENTRY_NOTE = Buffer.from('04000000080000001200000058656e00', 'hex');

/** Of ELF's 64-bit form, as all of this is. */
const HEAD_BYTES = 64;
const PART_BYTES = 56;
const X86_64 = 62;
const [LOAD, NOTE] = [1, 4];
const READ_WRITE_EXECUTE = 7;
/** Files are mapped by pages. */
const PAGE = 4096;

export const kernelEntry = (): Buffer => Buffer.from(CODE, 'hex');

/** As a distribution packs it; undefined: it stays so, and unpacks itself when it starts. */
export function enterable(packed: Buffer): Buffer | undefined {
  const kernel = plainKernel(packed);
  return kernel && withEntry(kernel);
}

/** Undefined: it is no kernel of 64 bits. */
export function withEntry(kernel: Buffer): Buffer | undefined {
  if (!isKernel(kernel)) return undefined;
  const [start, partsAt, count] = [
    kernel.readBigUInt64LE(24),
    Number(kernel.readBigUInt64LE(32)),
    kernel.readUInt16LE(56),
  ];
  const parts = Array.from({ length: count }, (_, i) =>
    kernel.subarray(partsAt + i * PART_BYTES, partsAt + (i + 1) * PART_BYTES),
  );
  const loaded = parts.filter((part) => part.length === PART_BYTES && part.readUInt32LE(0) === LOAD);
  // It is entered by an address of 32 bits, as it lies in memory.
  if (loaded.length === 0 || start < PLACE + PLACE_BYTES || start > 0xffffffffn) return undefined;
  const code = kernelEntry();
  code.writeUInt32LE(Number(start), code.length - 4);
  const address = Buffer.alloc(8);
  address.writeUInt32LE(PLACE);
  const note = Buffer.concat([ENTRY_NOTE, address]);
  const noteAt = HEAD_BYTES + (loaded.length + 2) * PART_BYTES;
  const codeAt = noteAt + note.length;
  const kernelAt = Math.ceil((codeAt + code.length) / PAGE) * PAGE;
  const head = Buffer.concat([
    headOf(kernel, loaded.length + 2),
    part(NOTE, noteAt, note.length, note.length),
    part(LOAD, codeAt, code.length, PLACE_BYTES),
    ...loaded.map((each) => moved(each, kernelAt)),
    note,
    code,
  ]);
  return Buffer.concat([head, Buffer.alloc(kernelAt - head.length), kernel]);
}

const isKernel = (file: Buffer): boolean =>
  file.length > HEAD_BYTES &&
  file.toString('latin1', 0, 6) === '\x7fELF\x02\x01' &&
  file.readUInt16LE(18) === X86_64 &&
  file.readUInt16LE(54) === PART_BYTES;

/** Without sections, which only people and debuggers read. */
function headOf(kernel: Buffer, count: number): Buffer {
  const head = Buffer.from(kernel.subarray(0, HEAD_BYTES));
  head.writeBigUInt64LE(BigInt(HEAD_BYTES), 32);
  head.writeBigUInt64LE(0n, 40);
  head.writeUInt16LE(count, 56);
  head.writeUInt16LE(0, 60);
  head.writeUInt16LE(0, 62);
  return head;
}

function part(type: number, at: number, bytes: number, inMemory: number): Buffer {
  const header = Buffer.alloc(PART_BYTES);
  header.writeUInt32LE(type, 0);
  header.writeUInt32LE(READ_WRITE_EXECUTE, 4);
  for (const [i, value] of [at, PLACE, PLACE, bytes, inMemory, 4].entries())
    header.writeBigUInt64LE(BigInt(value), 8 + i * 8);
  return header;
}

/** The kernel's file stands behind what comes before it. */
function moved(header: Buffer, by: number): Buffer {
  const copy = Buffer.from(header);
  copy.writeBigUInt64LE(copy.readBigUInt64LE(8) + BigInt(by), 8);
  return copy;
}
