import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createSecureContext } from 'node:tls';
import { days, SimulatedClock } from '#platform/base/clock.ts';
import { openTlsIdentity, serverNames, type TlsMaterial } from './tls.ts';

const names = serverNames(['cloud.example.com'], ['us-east-1', 'eu-west-1']);

function temporary(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'makonis-tls-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'tls');
}

function certificates({ cert }: TlsMaterial): [server: X509Certificate, authority: X509Certificate] {
  const [server = '', authority = ''] = cert.split(/(?=-----BEGIN)/);
  return [new X509Certificate(server), new X509Certificate(authority)];
}

test('the authority signs a server certificate with every name', (t) => {
  const clock = new SimulatedClock();
  const identity = openTlsIdentity({ folder: temporary(t), names, clock });
  const material = identity.material();
  const [server, authority] = certificates(material);
  createSecureContext({ key: material.key, cert: material.cert });
  assert.ok(authority.ca);
  assert.ok(!server.ca);
  assert.ok(
    server.checkIssued(authority) && server.verify(authority.publicKey) && authority.verify(authority.publicKey),
  );
  assert.ok(authority.fingerprint256 === new X509Certificate(readFileSync(identity.authorityFile)).fingerprint256);
  const hosts = [
    'localhost',
    'console.localhost',
    'bucket.s3.localhost',
    'sqs.us-east-1.localhost',
    'cloud.example.com',
    'sqs.eu-west-1.cloud.example.com',
    'bucket.s3.eu-west-1.cloud.example.com',
  ];
  for (const host of hosts) assert.ok(server.checkHost(host), host);
  assert.ok(server.checkIP('127.0.0.1') && server.checkIP('::1'));
  assert.ok(!server.checkHost('example.com') && !server.checkIP('127.0.0.2'));
});

test('keys are readable by their owner only', (t) => {
  const folder = temporary(t);
  openTlsIdentity({ folder, names, clock: new SimulatedClock() }).material();
  for (const file of ['ca.key', 'server.key']) assert.equal(statSync(join(folder, file)).mode & 0o777, 0o600);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
});

test('the same certificate is served until it nears its end or names change; the authority stays', (t) => {
  const clock = new SimulatedClock();
  const folder = temporary(t);
  const identity = openTlsIdentity({ folder, names, clock });
  const first = identity.material();
  assert.equal(identity.material(), first);
  assert.deepEqual(openTlsIdentity({ folder, names, clock }).material(), first);
  const [, authority] = certificates(first);

  const other = openTlsIdentity({ folder, names: [...names, 'new.example.com'], clock }).material();
  assert.ok(certificates(other)[0].checkHost('new.example.com'));
  assert.equal(certificates(other)[1].fingerprint256, authority.fingerprint256);

  clock.advance(days(368));
  const renewed = identity.material();
  assert.notEqual(renewed, first);
  assert.ok(certificates(renewed)[0].validToDate.getTime() > clock.now() + days(390));
  assert.equal(certificates(renewed)[1].fingerprint256, authority.fingerprint256);

  clock.advance(days(3650));
  assert.notEqual(certificates(identity.material())[1].fingerprint256, authority.fingerprint256);
});

test('a server certificate of another authority is replaced', (t) => {
  const clock = new SimulatedClock();
  const [folder, otherFolder] = [temporary(t), temporary(t)];
  openTlsIdentity({ folder, names, clock }).material();
  openTlsIdentity({ folder: otherFolder, names, clock }).material();
  for (const file of ['ca.key', 'ca.pem']) writeFileSync(join(folder, file), readFileSync(join(otherFolder, file)));
  const [server, authority] = certificates(openTlsIdentity({ folder, names, clock }).material());
  assert.ok(server.verify(authority.publicKey));
});
