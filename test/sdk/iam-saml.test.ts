import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import { waitingRecords } from '#platform/audit/journal.fixture.ts';
import { days, hours } from '#platform/base/clock.ts';
import { type AccountId, GLOBAL_REGION } from '#platform/base/ids.ts';
import { ecIdpKey, idpKey, metadata } from '#test/saml-idp.ts';
import { cloud } from '#test/sdk/cloud.ts';
import { named } from '#test/sdk/federation.ts';
import { newUser } from '#test/sdk/people.ts';

const pem = (type: 'rsa' | 'ec' = 'rsa'): string => {
  const pair =
    type === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
};

test('a SAML provider is created, changed, listed, tagged and deleted', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const until = new Date(Math.floor((c.clock.now() + days(300)) / 1000) * 1000);
  const document = metadata([idpKey()], { validUntil: until.toISOString() });
  const arn = `arn:aws:iam::${c.account}:saml-provider/My.IdP`;
  const made = await admin.send(
    new iam.CreateSAMLProviderCommand({
      Name: 'My.IdP',
      SAMLMetadataDocument: document,
      Tags: [{ Key: 'team', Value: 'blue' }],
    }),
  );
  assert.deepEqual([made.SAMLProviderArn, made.Tags], [arn, [{ Key: 'team', Value: 'blue' }]]);
  const ofIt = { SAMLProviderArn: arn };
  const get = () => admin.send(new iam.GetSAMLProviderCommand(ofIt));
  const first = await get();
  assert.equal(first.SAMLMetadataDocument, document);
  assert.match(first.SAMLProviderUUID ?? '', /^SAMLSP[A-Z0-9]{16}$/);
  assert.deepEqual([first.ValidUntil, first.PrivateKeyList, first.AssertionEncryptionMode], [until, [], undefined]);

  const endless = metadata([idpKey(), idpKey()]);
  const updated = await admin.send(new iam.UpdateSAMLProviderCommand({ ...ofIt, SAMLMetadataDocument: endless }));
  assert.equal(updated.SAMLProviderArn, arn);
  const second = await get();
  assert.equal(second.SAMLMetadataDocument, endless);
  assert.equal(second.SAMLProviderUUID, first.SAMLProviderUUID);
  assert.equal(second.ValidUntil?.getUTCFullYear(), new Date(c.clock.now()).getUTCFullYear() + 100);
  await admin.send(new iam.TagSAMLProviderCommand({ ...ofIt, Tags: [{ Key: 'cost', Value: '1' }] }));
  await admin.send(new iam.UntagSAMLProviderCommand({ ...ofIt, TagKeys: ['team'] }));
  const { Tags } = await admin.send(new iam.ListSAMLProviderTagsCommand(ofIt));
  assert.deepEqual(Tags, [{ Key: 'cost', Value: '1' }]);
  const { SAMLProviderList } = await admin.send(new iam.ListSAMLProvidersCommand({}));
  assert.deepEqual(SAMLProviderList, [{ Arn: arn, ValidUntil: second.ValidUntil, CreateDate: second.CreateDate }]);
  const again = await c.restart();
  const later = again.client(iam.IAMClient);
  assert.equal((await later.send(new iam.GetSAMLProviderCommand(ofIt))).SAMLMetadataDocument, endless);
  await later.send(new iam.DeleteSAMLProviderCommand(ofIt));
  await assert.rejects(
    later.send(new iam.GetSAMLProviderCommand(ofIt)),
    named('NoSuchEntityException', /^Manifest not found for arn arn:aws:iam::\d{12}:saml-provider\/My\.IdP$/),
  );
  await assert.rejects(later.send(new iam.DeleteSAMLProviderCommand(ofIt)), named('NoSuchEntityException'));
});

test('metadata must be that of an identity provider', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const create = (SAMLMetadataDocument: string, Name = 'idp') =>
    admin.send(new iam.CreateSAMLProviderCommand({ Name, SAMLMetadataDocument }));
  const key = idpKey();
  const good = metadata([key]);
  const unreadable = named('InvalidInputException', /^Could not parse metadata$/);
  const filler = `<!--${'x'.repeat(1000)}-->`;
  for (const [why, document] of Object.entries({
    'no XML': 'x'.repeat(1000),
    'another root': `<a>${filler}</a>`,
    'cut off': good.slice(0, -10) + filler,
    'a document type': good.replace('<md:Entity', '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><md:Entity'),
    'a service provider': good.replaceAll('IDPSSODescriptor', 'SPSSODescriptor'),
    'SAML 1.1': good.replace('SAML:2.0:protocol', 'SAML:1.1:protocol'),
    'no place to sign in': good.replace(/<md:SingleSignOnService[^>]*>/, ''),
    'no keys': metadata([]) + filler,
    'no certificate': good.replace(/(<ds:X509Certificate>).*?</, `$1${'A'.repeat(800)}<`),
    'a short key': metadata([idpKey(512)]) + filler,
    'no key of RSA': metadata([ecIdpKey()]) + filler,
    'no name': good.replace(/entityID="[^"]*"/, ''),
    'no date': good.replace('<md:EntityDescriptor', '<md:EntityDescriptor validUntil="soon"'),
  })) {
    await assert.rejects(create(document), unreadable, why);
  }
  const past = new Date(c.clock.now() - hours(1)).toISOString();
  await assert.rejects(create(metadata([key], { validUntil: past })), named('InvalidInputException', /expired/));
  await create(good);
  await assert.rejects(create(good), named('EntityAlreadyExistsException'));
  const role = `arn:aws:iam::${c.account}:role/not-a-provider`;
  await assert.rejects(
    admin.send(new iam.GetSAMLProviderCommand({ SAMLProviderArn: role })),
    named('InvalidInputException'),
  );
});

test('private keys for encrypted assertions: at most two, never shown', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const document = metadata([idpKey()]);
  const create = (Name: string, more: Partial<iam.CreateSAMLProviderCommandInput>) =>
    admin.send(new iam.CreateSAMLProviderCommand({ Name, SAMLMetadataDocument: document, ...more }));
  const invalid = named('InvalidInputException');
  await assert.rejects(create('idp', { AssertionEncryptionMode: 'Required' }), invalid);
  await assert.rejects(create('idp', { AddPrivateKey: 'no key' }), invalid);
  await assert.rejects(create('idp', { AddPrivateKey: pem('ec') }), invalid);
  const secret = pem();
  const { SAMLProviderArn } = await create('idp', { AssertionEncryptionMode: 'Required', AddPrivateKey: secret });
  const update = (more: Partial<iam.UpdateSAMLProviderCommandInput>) =>
    admin.send(new iam.UpdateSAMLProviderCommand({ SAMLProviderArn, ...more }));
  const keys = async () => (await admin.send(new iam.GetSAMLProviderCommand({ SAMLProviderArn }))).PrivateKeyList ?? [];
  const [first] = await keys();
  assert.match(first?.KeyId ?? '', /^[A-Z0-9]{22,64}$/);
  await assert.rejects(update({ RemovePrivateKey: first?.KeyId }), invalid, 'the last one');
  await update({ AddPrivateKey: pem() });
  await assert.rejects(update({ AddPrivateKey: pem() }), named('LimitExceededException'));
  await update({ RemovePrivateKey: first?.KeyId, AssertionEncryptionMode: 'Allowed' });
  assert.equal((await keys()).length, 1);
  await assert.rejects(update({ RemovePrivateKey: first?.KeyId }), named('NoSuchEntityException'));

  const partition = c.running.cloud.store.partition({
    service: 'iam',
    account: c.account as AccountId,
    region: GLOBAL_REGION,
  });
  const records = partition.read(waitingRecords);
  assert.ok(records.some(({ eventName }) => eventName === 'CreateSAMLProvider'));
  assert.ok(!JSON.stringify(records).includes(secret.split('\n')[3] ?? '-'));
});

test('permissions are asked on the provider', async (t) => {
  const c = await cloud(t);
  const bob = await newUser(c, 'bob');
  const asBob = c.client(iam.IAMClient, { credentials: bob.credentials });
  const create = (Name: string) =>
    asBob.send(new iam.CreateSAMLProviderCommand({ Name, SAMLMetadataDocument: metadata([idpKey()]) }));
  await assert.rejects(create('corp'), named('AccessDenied'));
  await bob.allow({
    Effect: 'Allow',
    Action: 'iam:CreateSAMLProvider',
    Resource: `arn:aws:iam::${c.account}:saml-provider/corp`,
  });
  await create('corp');
  await assert.rejects(create('other'), named('AccessDenied'));
  await assert.rejects(asBob.send(new iam.ListSAMLProvidersCommand({})), named('AccessDenied'));
});
