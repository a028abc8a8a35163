/** Forms of keys, held against OpenSSH's and PuTTY's own tools where those are installed. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { newKeyPair, privateKeyText } from './private-key.ts';
import { blobOf, createdFingerprint, importedFingerprint, openSshLine, readPublicKey } from './public-key.ts';

const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;

function fileOf(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'makonis-key-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'key');
  writeFileSync(file, `${text}\n`);
  chmodSync(file, 0o600);
  return file;
}

for (const type of ['rsa', 'ed25519'] as const) {
  test(`OpenSSH reads the private half of ${type}`, { skip: !has('ssh-keygen') && 'no ssh-keygen here' }, async (t) => {
    const pair = await newKeyPair(type);
    const file = fileOf(t, privateKeyText(pair, 'pem', 'my key'));
    const line = execFileSync('ssh-keygen', ['-y', '-f', file], { encoding: 'utf8' }).trim();
    assert.equal(line.split(' ').slice(0, 2).join(' '), openSshLine(pair, '').trim());
  });

  test(`PuTTY reads the private half of ${type}`, { skip: !has('puttygen') && 'no puttygen here' }, async (t) => {
    const pair = await newKeyPair(type);
    const file = fileOf(t, privateKeyText(pair, 'ppk', 'my key'));
    const line = execFileSync('puttygen', [file, '-L'], { encoding: 'utf8' }).trim();
    assert.equal(line, openSshLine(pair, 'my key'));
  });

  test(`the public half of ${type} is read in each of its forms`, async () => {
    const { privateKey, blob } = await newKeyPair(type);
    const der = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).toString('base64');
    const base64 = blob.toString('base64');
    const wrapped = (base64.match(/.{1,70}/g) ?? []).join('\n');
    const forms = [
      openSshLine({ type, blob }, 'someone@somewhere with words'),
      openSshLine({ type, blob }, '').trim(),
      `---- BEGIN SSH2 PUBLIC KEY ----\nComment: "a \\\nlong one"\n${wrapped}\n---- END SSH2 PUBLIC KEY ----\n`,
      der,
      `-----BEGIN PUBLIC KEY-----\n${(der.match(/.{1,64}/g) ?? []).join('\n')}\n-----END PUBLIC KEY-----`,
    ];
    for (const form of forms) {
      const key = readPublicKey(Buffer.from(form));
      assert.deepEqual([key.type, key.blob.equals(blob)], [type, true], form);
    }
  });
}

test('fingerprints: of what was made here by the private half, of what was brought by the public one', async (t) => {
  const { privateKey, blob } = await newKeyPair('ed25519');
  const key = readPublicKey(Buffer.from(openSshLine({ type: 'ed25519', blob }, '')));
  assert.equal(importedFingerprint(key), createdFingerprint('ed25519', privateKey, blob));
  if (has('ssh-keygen')) {
    const file = fileOf(t, openSshLine(key, 'c'));
    const told = execFileSync('ssh-keygen', ['-l', '-f', file], { encoding: 'utf8' });
    assert.ok(told.includes(`SHA256:${importedFingerprint(key).replace(/=$/, '')} `), told);
  }
  const rsa = await newKeyPair('rsa');
  assert.match(createdFingerprint('rsa', rsa.privateKey, rsa.blob), /^([0-9a-f]{2}:){19}[0-9a-f]{2}$/);
  const imported = readPublicKey(Buffer.from(openSshLine(rsa, '')));
  assert.match(importedFingerprint(imported), /^([0-9a-f]{2}:){15}[0-9a-f]{2}$/);
});

test('other keys, and what is none, are refused', () => {
  const short = generateKeyPairSync('rsa', { modulusLength: 512 }).publicKey;
  const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
  const shortLine = `ssh-rsa ${blobOf(short).toString('base64')}`;
  const texts = ['', 'ssh-rsa', 'ssh-rsa AAAA', shortLine, String(curve.export({ format: 'pem', type: 'spki' }))];
  for (const text of texts) assert.throws(() => readPublicKey(Buffer.from(text)), { code: 'InvalidKey.Format' }, text);
  const start = Buffer.from('ssh-ed25519 ');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, isLine) => {
      const material = isLine ? Buffer.concat([start, Buffer.from(Buffer.from(bytes).toString('base64'))]) : bytes;
      assert.throws(() => readPublicKey(material), { code: 'InvalidKey.Format' });
    }),
  );
});
