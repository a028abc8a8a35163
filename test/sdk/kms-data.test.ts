/** What is on disk: all that an answer promised, and no key material in clear. */
import assert from 'node:assert/strict';
import * as crypto from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  CreateAliasCommand,
  CreateGrantCommand,
  DecryptCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GetKeyRotationStatusCommand,
  GetParametersForImportCommand,
  ImportKeyMaterialCommand,
  KMSClient,
  ListGrantsCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import { days, seconds } from '#platform/base/clock.ts';
import { hex, startKms, text } from '#test/sdk/kms.ts';
import { newUser } from '#test/sdk/people.ts';
import { until } from '#test/until.ts';

test('keys, aliases, grants, rotation and deletion go on after a restart', async (t) => {
  const { c, kms, key } = await startKms(t);
  const [used, doomed] = [await key(), await key()];
  await kms.send(new CreateAliasCommand({ AliasName: 'alias/used', TargetKeyId: used.id }));
  const old = await kms.send(new EncryptCommand({ KeyId: used.id, Plaintext: text('x') }));
  await kms.send(new RotateKeyOnDemandCommand({ KeyId: used.id }));
  await kms.send(new EnableKeyRotationCommand({ KeyId: used.id }));
  await newUser(c, 'alice');
  const GranteePrincipal = `arn:aws:iam::${c.account}:user/alice`;
  await kms.send(new CreateGrantCommand({ KeyId: used.id, GranteePrincipal, Operations: ['Decrypt'] }));
  await kms.send(new ScheduleKeyDeletionCommand({ KeyId: doomed.id, PendingWindowInDays: 7 }));
  const again = await c.restart();
  const after = again.client(KMSClient);
  const fresh = await after.send(new EncryptCommand({ KeyId: 'alias/used', Plaintext: text('x') }));
  for (const { CiphertextBlob } of [old, fresh]) {
    assert.equal(hex((await after.send(new DecryptCommand({ CiphertextBlob }))).Plaintext), hex(text('x')));
  }
  assert.equal((await after.send(new GetKeyRotationStatusCommand({ KeyId: used.id }))).KeyRotationEnabled, true);
  assert.equal((await after.send(new ListGrantsCommand({ KeyId: used.id }))).Grants?.length, 1);
  again.advance(days(7) + seconds(1));
  const isGone = () =>
    after.send(new ListGrantsCommand({ KeyId: doomed.id })).then(
      () => false,
      ({ name }) => name === 'NotFoundException',
    );
  await until(isGone, 'the deletion');
});

test('no key material is on disk in clear', async (t) => {
  const { c, kms, key } = await startKms(t);
  const { id: KeyId } = await key({ Origin: 'EXTERNAL' });
  const wrapping = { WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' } as const;
  const { ImportToken, PublicKey = text('') } = await kms.send(
    new GetParametersForImportCommand({ KeyId, ...wrapping }),
  );
  const material = crypto.randomBytes(32);
  const publicKey = crypto.createPublicKey({ key: Buffer.from(PublicKey), type: 'spki', format: 'der' });
  const EncryptedKeyMaterial = crypto.publicEncrypt({ key: publicKey, oaepHash: 'sha256' }, material);
  const ExpirationModel = 'KEY_MATERIAL_DOES_NOT_EXPIRE';
  await kms.send(new ImportKeyMaterialCommand({ KeyId, ImportToken, EncryptedKeyMaterial, ExpirationModel }));
  const marker = text('a plaintext that leaves no trace');
  await kms.send(new EncryptCommand({ KeyId, Plaintext: marker }));
  const files = readdirSync(c.data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const written = Buffer.concat(files.map(({ parentPath, name }) => readFileSync(join(parentPath, name))));
  assert.ok(written.includes(KeyId), 'the key itself is there');
  for (const bytes of [material, Buffer.from(marker)]) {
    for (const form of [bytes, bytes.toString('base64'), bytes.toString('hex')]) assert.ok(!written.includes(form));
  }
});
