/**
 * ECDSA over a digest that the caller has made (FIPS 186-5, 6.4), which node:crypto does not offer: it hashes what it signs.
 * Multiples of points come from OpenSSL, by way of ECDH; what is done here is arithmetic modulo the order. When signing, all of
 * it that touches a secret is blinded by a random factor, since arithmetic of big integers takes a time that depends on them.
 *
 * ECDH gives the x of a multiple only. Its y is one of two roots; the multiple after it tells which.
 */
import { createECDH, type ECDH, type KeyObject } from 'node:crypto';

export type CurveName = 'prime256v1' | 'secp384r1' | 'secp521r1' | 'secp256k1';

interface Curve {
  readonly name: CurveName;
  readonly bytes: number;
  /** The field, the coefficients of y^2 = x^3 + ax + b, the order of the base point. All fields are 3 modulo 4. */
  readonly p: bigint;
  readonly a: bigint;
  readonly b: bigint;
  readonly n: bigint;
}

interface Point {
  readonly x: bigint;
  readonly y: bigint;
}

const P256 = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
const P384 = 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n;
const P521 = 2n ** 521n - 1n;
const K256 = 2n ** 256n - 2n ** 32n - 977n;

/** SP 800-186, 3.2.1; SEC 2, 2.4.1. */
const CURVES: Readonly<Record<CurveName, Curve>> = {
  prime256v1: {
    ...{ name: 'prime256v1', bytes: 32, p: P256, a: P256 - 3n },
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
    n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  },
  secp384r1: {
    ...{ name: 'secp384r1', bytes: 48, p: P384, a: P384 - 3n },
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
    n: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  },
  secp521r1: {
    ...{ name: 'secp521r1', bytes: 66, p: P521, a: P521 - 3n },
    b: 0x51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
    n: 0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
  },
  secp256k1: {
    ...{ name: 'secp256k1', bytes: 32, p: K256, a: 0n, b: 7n },
    n: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
  },
};

/** DER, as AWS's are. */
export function signDigest(name: CurveName, privateKey: KeyObject, digest: Uint8Array): Buffer {
  const curve = CURVES[name];
  const { n } = curve;
  const secret = fromBase64(privateKey.export({ format: 'jwk' }).d);
  const z = leftmost(digest, n);
  for (;;) {
    const once = createECDH(name);
    const r = pointOf(curve, once.generateKeys()).x % n;
    const blind = toBigInt(freshScalar(name));
    // s = (z + r d) / k, each factor times the blind.
    const blindedNonce = (toBigInt(once.getPrivateKey()) * blind) % n;
    const sum = (blind * z + ((blind * r) % n) * secret) % n;
    const s = (inverse(blindedNonce, n) * sum) % n;
    if (r !== 0n && s !== 0n) return encodeDer(curve, r, s);
  }
}

const freshScalar = (name: CurveName): Buffer => {
  const ecdh = createECDH(name);
  ecdh.generateKeys();
  return ecdh.getPrivateKey();
};

export function verifyDigest(
  name: CurveName,
  publicKey: KeyObject,
  digest: Uint8Array,
  signature: Uint8Array,
): boolean {
  const curve = CURVES[name];
  const { n } = curve;
  const pair = decodeDer(Buffer.from(signature));
  if (pair === undefined) return false;
  const [r, s] = pair;
  if (r <= 0n || r >= n || s <= 0n || s >= n) return false;
  const w = inverse(s, n);
  const { x, y } = publicKey.export({ format: 'jwk' });
  const q: Point = { x: fromBase64(x), y: fromBase64(y) };
  const ofBase = multipleOfBase(curve, (leftmost(digest, n) * w) % n);
  const sum = add(curve, ofBase, multipleOf(curve, (r * w) % n, q));
  return sum !== undefined && sum.x % n === r;
}

/** Undefined: the point at infinity. */
function multipleOfBase(curve: Curve, k: bigint): Point | undefined {
  return k === 0n ? undefined : pointOf(curve, ecdhOf(curve, k).getPublicKey());
}

/** `k` is not 0. */
function multipleOf(curve: Curve, k: bigint, point: Point): Point {
  const { n, p } = curve;
  if (k === 1n) return point;
  if (k === n - 1n) return { x: point.x, y: p - point.y };
  const x = xOfMultiple(curve, k, point);
  const y = power(x * x * x + curve.a * x + curve.b, (p + 1n) / 4n, p);
  const next = xOfMultiple(curve, k + 1n, point);
  return add(curve, { x, y }, point)?.x === next ? { x, y } : { x, y: p - y };
}

const xOfMultiple = (curve: Curve, k: bigint, { x, y }: Point): bigint =>
  toBigInt(
    ecdhOf(curve, k).computeSecret(Buffer.concat([Buffer.from([4]), toBytes(x, curve.bytes), toBytes(y, curve.bytes)])),
  );

function ecdhOf({ name, bytes }: Curve, k: bigint): ECDH {
  const ecdh = createECDH(name);
  ecdh.setPrivateKey(toBytes(k, bytes));
  return ecdh;
}

function add({ p, a }: Curve, left: Point | undefined, right: Point): Point | undefined {
  if (left === undefined) return right;
  const isSame = left.x === right.x && left.y === right.y;
  if (left.x === right.x && !isSame) return undefined;
  const [rise, run] = isSame ? [3n * left.x * left.x + a, 2n * left.y] : [right.y - left.y, right.x - left.x];
  const slope = rise * inverse(mod(run, p), p);
  const x = mod(slope * slope - left.x - right.x, p);
  return { x, y: mod(slope * (left.x - x) - left.y, p) };
}

const pointOf = ({ bytes }: Curve, encoded: Buffer): Point => ({
  x: toBigInt(encoded.subarray(1, 1 + bytes)),
  y: toBigInt(encoded.subarray(1 + bytes)),
});

/** A digest longer than the order counts with its leftmost bits. */
function leftmost(digest: Uint8Array, n: bigint): bigint {
  const bits = n.toString(2).length;
  return toBigInt(digest) >> BigInt(Math.max(0, digest.length * 8 - bits));
}

const mod = (value: bigint, m: bigint): bigint => ((value % m) + m) % m;

function power(base: bigint, exponent: bigint, m: bigint): bigint {
  let result = 1n;
  let square = mod(base, m);
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = (result * square) % m;
    square = (square * square) % m;
  }
  return result;
}

/** Euclid's algorithm; `m` is prime and `value` not 0. */
function inverse(value: bigint, m: bigint): bigint {
  let [r, newR, t, newT] = [m, value, 0n, 1n];
  while (newR !== 0n) {
    const quotient = r / newR;
    [r, newR] = [newR, r - quotient * newR];
    [t, newT] = [newT, t - quotient * newT];
  }
  return mod(t, m);
}

const toBigInt = (bytes: Uint8Array): bigint => BigInt(`0x0${Buffer.from(bytes).toString('hex')}`);
const toBytes = (value: bigint, length: number): Buffer =>
  Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex');
const fromBase64 = (text: string | undefined): bigint => toBigInt(Buffer.from(text ?? '', 'base64url'));

function encodeDer({ bytes }: Curve, r: bigint, s: bigint): Buffer {
  const body = Buffer.concat([derInteger(toBytes(r, bytes)), derInteger(toBytes(s, bytes))]);
  return Buffer.concat([
    body.length < 128 ? Buffer.from([0x30, body.length]) : Buffer.from([0x30, 0x81, body.length]),
    body,
  ]);
}

function derInteger(bytes: Buffer): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = bytes.subarray(Math.max(0, first));
  const padded = (digits[0] ?? 0) >= 128 ? Buffer.concat([Buffer.alloc(1), digits]) : digits;
  return Buffer.concat([Buffer.from([2, padded.length]), padded]);
}

/** Only the one encoding that DER allows. */
function decodeDer(signature: Buffer): readonly [bigint, bigint] | undefined {
  const isLong = signature[1] === 0x81;
  const start = isLong ? 3 : 2;
  const length = signature[start - 1] ?? 0;
  if (signature[0] !== 0x30 || isLong !== length >= 128 || signature.length !== start + length) return undefined;
  const r = readInteger(signature, start);
  if (r === undefined) return undefined;
  const s = readInteger(signature, r.end);
  return s?.end === signature.length ? [r.value, s.value] : undefined;
}

function readInteger(bytes: Buffer, at: number): { value: bigint; end: number } | undefined {
  const length = bytes[at + 1] ?? 0;
  const [start, end] = [at + 2, at + 2 + length];
  const [first = 0, second = 0] = bytes.subarray(start, end);
  const isPadded = length > 1 && first === 0 && second < 128;
  if (bytes[at] !== 2 || length === 0 || end > bytes.length || first >= 128 || isPadded) return undefined;
  return { value: toBigInt(bytes.subarray(start, end)), end };
}
