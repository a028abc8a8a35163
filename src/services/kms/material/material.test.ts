import assert from 'node:assert/strict';
import { createSecretKey, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { AccountId, Region } from '#platform/base/ids.ts';
import { createSealer, SealBroken } from '#platform/secrets/sealer.ts';
import type { PartitionName } from '#platform/store/store.ts';
import type { OpenKey, OpenMaterial } from '#services/kms/keys/open-key.ts';
import { generateMaterial } from '#services/kms/material/generate.ts';
import { publicKeyOf, sealMaterial, secretOf } from '#services/kms/material/material.ts';
import { SPECS } from '#services/kms/specs.ts';

const sealer = createSealer({ current: 1, keys: new Map([[1, randomBytes(32)]]) });
const place: PartitionName = { service: 'kms', account: '123456789012' as AccountId, region: 'us-east-1' as Region };
/** What these functions read of a key. */
const keyOf = (id: string) => ({ row: { id }, arn: `key/${id}` }) as OpenKey;
const rowOf = (sealed: object) => ({ sequence: 1, row: { state: 'CURRENT', ...sealed } }) as OpenMaterial;

test('sealed material opens at its own place alone', () => {
  const secret = createSecretKey(randomBytes(32));
  const sealed = sealMaterial(sealer, place, 'a', secret);
  assert.ok(!Buffer.from(sealed.sealed, 'base64').includes(secret.export()));
  assert.ok(secretOf(sealer, place, keyOf('a'), rowOf(sealed)).equals(secret));
  const elsewhere: readonly (readonly [PartitionName, string, object])[] = [
    [place, 'b', sealed],
    [{ ...place, account: '210987654321' as AccountId }, 'a', sealed],
    [{ ...place, region: 'eu-west-1' as Region }, 'a', sealed],
    [place, 'a', { ...sealed, id: '0'.repeat(64) }],
    [place, 'a', { ...sealed, sealed: `${sealed.sealed.slice(0, -4)}AAAA` }],
  ];
  for (const [partition, id, row] of elsewhere) {
    assert.throws(() => secretOf(sealer, partition, keyOf(id), rowOf(row)), SealBroken);
  }
  const other = createSealer({ current: 1, keys: new Map([[1, randomBytes(32)]]) });
  assert.throws(() => secretOf(other, place, keyOf('a'), rowOf(sealed)), SealBroken);
});

test('the same material of the same key has the same id, wherever it is sealed', () => {
  const secret = createSecretKey(randomBytes(32));
  const ids = [place, { ...place, region: 'eu-west-1' as Region }].map(
    (at) => sealMaterial(sealer, at, 'a', secret).id,
  );
  assert.equal(ids[0], ids[1]);
  assert.notEqual(sealMaterial(sealer, place, 'b', secret).id, ids[0]);
});

test('a pair of every spec comes back from its seal', async () => {
  for (const [spec, { make }] of Object.entries(SPECS)) {
    const secret = await generateMaterial(make);
    const row = rowOf(sealMaterial(sealer, place, 'a', secret));
    assert.ok(secretOf(sealer, place, keyOf('a'), row).equals(secret), spec);
    if (secret.type === 'private') assert.equal(publicKeyOf(keyOf('a'), row).type, 'public', spec);
  }
});
