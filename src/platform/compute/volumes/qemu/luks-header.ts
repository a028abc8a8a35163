/**
 * A LUKS header (LUKS1 On-Disk Format Specification 1.2.3), as QEMU keeps it inside of a qcow2 file: a random master key, split so that no
 * part of it is left when a part of the header is gone, encrypted under what PBKDF2 makes of the passphrase. qemu-img would make the
 * same, but first measures for seconds how slow PBKDF2 has to be: the passphrase is a random key, so it need not be slow at all.
 */
import { createCipheriv, hash, pbkdf2Sync } from 'node:crypto';
import { randomBytes, uuid } from '#platform/base/ids.ts';

const SECTOR = 512;
const KEY_BYTES = 64;
const STRIPES = 4000;
const SLOTS = 8;
const ITERATIONS = 1000;
const DIGEST_BYTES = 20;
const [ENABLED, DISABLED] = [0x00ac71f3, 0x0000dead];
/** Where the first slot's material begins, and how far it is to the next, in sectors. */
const FIRST_SLOT = 8;
const SLOT_SECTORS = 504;
export const LUKS_BYTES = (FIRST_SLOT + SLOTS * SLOT_SECTORS) * SECTOR;

/** All of it up to where nothing but zeros follow. */
export function luksHeader(passphrase: string): Buffer {
  const master = randomBytes(KEY_BYTES);
  const [slotSalt, masterSalt] = [randomBytes(32), randomBytes(32)];
  const derived = pbkdf2Sync(passphrase, slotSalt, ITERATIONS, KEY_BYTES, 'sha256');
  const digest = pbkdf2Sync(master, masterSalt, ITERATIONS, DIGEST_BYTES, 'sha256');
  const material = encryptSectors(derived, split(master));
  const header = Buffer.alloc(FIRST_SLOT * SECTOR + material.length);
  header.write('LUKS\xba\xbe', 'latin1');
  header.writeUInt16BE(1, 6);
  header.write('aes', 8);
  header.write('xts-plain64', 40);
  header.write('sha256', 72);
  header.writeUInt32BE(LUKS_BYTES / SECTOR, 104);
  header.writeUInt32BE(KEY_BYTES, 108);
  digest.copy(header, 112);
  masterSalt.copy(header, 132);
  header.writeUInt32BE(ITERATIONS, 164);
  header.write(uuid(), 168);
  for (let slot = 0; slot < SLOTS; slot++) {
    const at = 208 + 48 * slot;
    header.writeUInt32BE(slot === 0 ? ENABLED : DISABLED, at);
    if (slot === 0) header.writeUInt32BE(ITERATIONS, at + 4);
    if (slot === 0) slotSalt.copy(header, at + 8);
    header.writeUInt32BE(FIRST_SLOT + slot * SLOT_SECTORS, at + 40);
    header.writeUInt32BE(STRIPES, at + 44);
  }
  material.copy(header, FIRST_SLOT * SECTOR);
  return header;
}

/** The anti-forensic splitter: all stripes together give the key, any number fewer nothing. */
function split(key: Buffer): Buffer {
  const stripes = Buffer.concat([randomBytes(key.length * (STRIPES - 1)), Buffer.alloc(key.length)]);
  let mixed: Buffer = Buffer.alloc(key.length);
  for (let i = 0; i < STRIPES - 1; i++) {
    mixed = diffused(xored(mixed, stripes.subarray(i * key.length, (i + 1) * key.length)));
  }
  xored(mixed, key).copy(stripes, (STRIPES - 1) * key.length);
  return stripes;
}

const xored = (a: Buffer, b: Buffer): Buffer => Buffer.from(a.map((byte, i) => byte ^ (b[i] ?? 0)));

function diffused(block: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < block.length; at += 32) {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(at / 32);
    parts.push(hash('sha256', Buffer.concat([number, block.subarray(at, at + 32)]), 'buffer'));
  }
  return Buffer.concat(parts);
}

/** XTS with the sector's number for a tweak. */
function encryptSectors(key: Buffer, plain: Buffer): Buffer {
  const sectors: Buffer[] = [];
  for (let at = 0; at < plain.length; at += SECTOR) {
    const tweak = Buffer.alloc(16);
    tweak.writeUInt32LE(at / SECTOR);
    sectors.push(createCipheriv('aes-256-xts', key, tweak).update(plain.subarray(at, at + SECTOR)));
  }
  return Buffer.concat(sectors);
}
