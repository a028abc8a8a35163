import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { fingerprintOf, pemText, type RsaPublicKey, readPublicKey, sshText } from './public-key.ts';

/** Made by `ssh-keygen -t rsa -b 2048`; the fingerprint by `ssh-keygen -l -E md5`. */
const LINE =
  'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQChTWcPYNHCAuKPYZdyake4X68jDBuWVqdtzHZw7nsWdbZ1XVloBS8wCITvtpHSBXts4aZWs0eiTypm/ESG4fYLLDAjfRt54CcVmYua9NyUPOObh8/3btzAK2wphGLVSuUl3JGb+75uEkKTy4DGfqxNuylegGGmQNzKQsA8b7PamjAYly37r1v1L2WtUzYDYMvPWv4jLsL0Hxd0hg2Df33ifEhOrGJ1pkMHdYq7VfjsdMkqPxOY+uJYIG67OujyqjykgxvKBHDPjJYpDCJsMWoR2rAMqvLKFy9550PpTjnTnZ7HDVKIMC8pL7Im+a0viF19s7itSblqjThS9rfVAkaz ann@example';
const FINGERPRINT = '53:b7:f8:9f:3e:26:c4:5d:b5:5a:ef:df:d5:d7:1b:87';

function read(text: string): RsaPublicKey {
  const key = readPublicKey(text);
  if (typeof key === 'string') return assert.fail(key);
  return key;
}

test('a key is the same in every form', () => {
  const key = read(LINE);
  assert.equal(key.bits, 2048);
  assert.equal(fingerprintOf(key), FINGERPRINT);
  assert.ok(LINE.startsWith(sshText(key)));
  assert.equal(fingerprintOf(read(pemText(key))), FINGERPRINT);
  const pkcs1 = key.key.export({ format: 'pem', type: 'pkcs1' }).toString();
  assert.equal(fingerprintOf(read(pkcs1)), FINGERPRINT);
});

test('a key made here reads back from both forms', () => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const key = read(publicKey.export({ format: 'pem', type: 'spki' }).toString());
  assert.equal(sshText(read(sshText(key))), sshText(key));
});

test('hostile text is refused, never thrown', () => {
  const blob = Buffer.from(LINE.split(' ')[1] ?? '', 'base64');
  fc.assert(
    fc.property(fc.nat(blob.length - 1), fc.nat(255), fc.nat(blob.length), (at, byte, length) => {
      const altered = Buffer.from(blob.subarray(0, length));
      if (at < length) altered[at] = byte;
      const key = readPublicKey(`ssh-rsa ${altered.toString('base64')}`);
      if (typeof key !== 'string') assert.ok(key.bits > 0);
    }),
  );
  fc.assert(fc.property(fc.string(), (text) => ['unrecognized', 'broken'].includes(readPublicKey(text) as string)));
});
