import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CborTimestamp, CborWriter, decodeCbor } from '#gateway/wire/cbor.ts';

const decode = (hex: string): unknown => decodeCbor(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

/** RFC 8949, appendix A, as far as Smithy's subset goes. */
const EXAMPLES: readonly (readonly [hex: string, value: unknown])[] = [
  ['00', 0],
  ['17', 23],
  ['1818', 24],
  ['1903e8', 1000],
  ['1a000f4240', 1_000_000],
  ['1b000000e8d4a51000', 1_000_000_000_000],
  ['1bffffffffffffffff', 18_446_744_073_709_551_615n],
  ['3bffffffffffffffff', -18_446_744_073_709_551_616n],
  ['20', -1],
  ['3903e7', -1000],
  ['c249010000000000000000', 18_446_744_073_709_551_616n],
  ['c349010000000000000000', -18_446_744_073_709_551_617n],
  ['f90000', 0],
  ['f98000', -0],
  ['f93c00', 1],
  ['f93e00', 1.5],
  ['f97bff', 65504],
  ['f90001', 2 ** -24],
  ['f90400', 2 ** -14],
  ['f9c400', -4],
  ['f97c00', Infinity],
  ['f9fc00', -Infinity],
  ['f97e00', Number.NaN],
  ['fa47c35000', 100_000],
  ['fb3ff199999999999a', 1.1],
  ['f4', false],
  ['f5', true],
  ['f6', null],
  ['f7', null],
  ['4401020304', Buffer.from([1, 2, 3, 4])],
  ['5f42010243030405ff', Buffer.from([1, 2, 3, 4, 5])],
  ['62c3bc', 'ü'],
  ['7f657374726561646d696e67ff', 'streaming'],
  ['8301820203820405', [1, [2, 3], [4, 5]]],
  ['9f018202039f0405ffff', [1, [2, 3], [4, 5]]],
  ['c11a514b67b0', new CborTimestamp(1_363_896_240)],
  ['c1fb41d452d9ec200000', new CborTimestamp(1_363_896_240.5)],
];

for (const [hex, value] of EXAMPLES) {
  test(`decodes ${hex}`, () => assert.deepEqual(decode(hex), value));
}

test('decodes maps, whose names are their own', () => {
  const map = decode('bf6161019f0102ff'.replace('9f', '61629f').concat('ff')) as Record<string, unknown>;
  assert.deepEqual({ ...map }, { a: 1, b: [1, 2] });
  assert.equal(Object.getPrototypeOf(map), null);
  assert.deepEqual(Object.keys(decode('a1695f5f70726f746f5f5f01') as object), ['__proto__']);
});

const REFUSED: Readonly<Record<string, string>> = {
  'no byte': '',
  'a second item': '0000',
  'an argument that ends early': '1900',
  'a reserved argument': '1c',
  'an integer without length': '1f',
  'a string longer than the body': '5affffffff00',
  'a string of 2^64 bytes': '5bffffffffffffffff',
  'a list longer than the body': '9affffffff00',
  'a map longer than the body': 'bb7fffffffffffffff',
  'an unended list': '9f01',
  'an unended string': '5f4101',
  'a chunk of another type': '5f6161ff',
  'a chunk of indefinite length': '5f5f4101ffff',
  'a break alone': 'ff',
  'a map without a value': 'bf6161ff',
  'a key that is no text': 'a10102',
  'a key given twice': 'a2616101616102',
  'text that is not UTF-8': '62c328',
  'an unknown tag': 'c001',
  'a timestamp of text': 'c16161',
  'a bignum beyond 16 bytes': 'c25101010101010101010101010101010101ff',
  'an unknown simple value': 'f0',
  'a simple value of two bytes': 'f820',
};

for (const [what, hex] of Object.entries(REFUSED)) {
  test(`refuses ${what}`, () => assert.throws(() => decode(hex), { code: 'SerializationException' }));
}

test('writes what it reads, at every length of an argument', () => {
  for (const value of [0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53, 2n ** 63n, -1, -(2 ** 40)]) {
    const out = new CborWriter();
    out.integer(value);
    assert.equal(BigInt(decodeCbor(out.result()) as bigint), BigInt(value));
  }
  const out = new CborWriter();
  out.text('x'.repeat(10_000));
  assert.equal(decodeCbor(out.result()), 'x'.repeat(10_000));
});
