import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { AccountId } from '#platform/base/ids.ts';
import { GLOBAL_REGION } from '#platform/base/ids.ts';
import { checkMasterKeys } from '#platform/secrets/check-value.ts';
import { createMasterKeys, MasterKeyError, readMasterKeys, rotateMasterKeys } from '#platform/secrets/master-key.ts';
import { createSealer, openText, SealBroken } from '#platform/secrets/sealer.ts';
import { memoryDrivers } from '#platform/store/memory/drivers.ts';
import { openStore } from '#platform/store/open-store.ts';

const PLACE = { account: '123456789012', record: 'access-key/AKIA', version: 1 };

function keyFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'makonis-key-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'deeper', 'master-key.json');
}

const global = () =>
  openStore({ drivers: memoryDrivers() }).partition({
    service: 'iam',
    account: 'global' as AccountId,
    region: GLOBAL_REGION,
  });

test('what is sealed opens in its place only, and not when a bit of it changed', (t) => {
  const sealer = createSealer(createMasterKeys(keyFile(t)));
  fc.assert(
    fc.property(fc.string(), fc.nat(), fc.integer({ min: 0, max: 7 }), (secret, at, bit) => {
      const sealed = sealer.seal(secret, PLACE);
      assert.equal(sealer.open(sealed, PLACE).toString('utf8'), Buffer.from(secret, 'utf8').toString('utf8'));
      for (const place of [
        { ...PLACE, account: '1' },
        { ...PLACE, record: 'x' },
        { ...PLACE, version: 2 },
      ]) {
        assert.throws(() => sealer.open(sealed, place), SealBroken);
      }
      const bytes = Buffer.from(sealed, 'base64');
      const index = at % bytes.length;
      bytes[index] = (bytes[index] as number) ^ (1 << bit);
      assert.throws(() => sealer.open(bytes.toString('base64'), PLACE), SealBroken);
      assert.throws(() => sealer.open(bytes.subarray(0, index).toString('base64'), PLACE), SealBroken);
    }),
  );
});

test('purposes have keys of their own, and no two seals are the same', (t) => {
  const sealer = createSealer(createMasterKeys(keyFile(t)));
  const [tokens, pages] = [sealer.purpose('session-token'), sealer.purpose('page-token')];
  const sealed = tokens.seal('text', 'data');
  assert.equal(tokens.open(sealed, 'data')?.toString(), 'text');
  assert.equal(pages.open(sealed, 'data'), undefined);
  assert.notDeepEqual(tokens.seal('text', 'data'), sealed);
});

test('text that a client hands back opens as it was given out, and in no other spelling', (t) => {
  const tokens = createSealer(createMasterKeys(keyFile(t))).purpose('token');
  const sealed = tokens.seal('place', 'account');
  for (const encoding of ['base64', 'base64url'] as const) {
    const text = sealed.toString(encoding);
    assert.equal(openText(tokens, text, 'account', encoding)?.toString(), 'place');
    assert.equal(openText(tokens, text, 'another', encoding), undefined);
    for (const other of [` ${text}`, `${text}=`, `${text.slice(0, 5)}\n${text.slice(5)}`]) {
      assert.equal(openText(tokens, other, 'account', encoding), undefined, other);
    }
  }
});

test('after a rotation the new key seals and the old one still opens', (t) => {
  const path = keyFile(t);
  const before = createSealer(createMasterKeys(path)).seal('old', PLACE);
  const rotated = rotateMasterKeys(path);
  assert.equal(rotated.current, 2);
  const sealer = createSealer(readMasterKeys(path));
  assert.equal(sealer.open(before, PLACE).toString(), 'old');
  assert.equal(Buffer.from(sealer.seal('new', PLACE), 'base64')[1], 2);
});

test('the key file is its owner’s alone, never overwritten, and refused when it is damaged or open', (t) => {
  const path = keyFile(t);
  createMasterKeys(path);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const content = readFileSync(path, 'utf8');
  assert.throws(() => createMasterKeys(path), MasterKeyError);
  assert.equal(readFileSync(path, 'utf8'), content);
  chmodSync(path, 0o604);
  assert.throws(() => readMasterKeys(path), /can be read by others/);
  chmodSync(path, 0o600);
  for (const damaged of [
    '',
    '{}',
    content.replace('"format": 1', '"format": 2'),
    content.replace(/":\s*"[^"]{4}/, '": "'),
  ]) {
    writeFileSync(path, damaged);
    assert.throws(() => readMasterKeys(path), MasterKeyError, damaged);
  }
  assert.throws(() => readMasterKeys(join(path, 'nowhere')), MasterKeyError);
});

test('data that another key sealed refuses to start', (t) => {
  const partition = global();
  const path = keyFile(t);
  const keys = createMasterKeys(path);
  checkMasterKeys(keys, partition);
  checkMasterKeys(keys, partition);
  const wrong = createMasterKeys(keyFile(t));
  assert.throws(() => checkMasterKeys(wrong, partition), /belongs to other data/);
  checkMasterKeys(rotateMasterKeys(path), partition);
  assert.throws(() => checkMasterKeys(keys, partition), /lacks key 2/);
});
