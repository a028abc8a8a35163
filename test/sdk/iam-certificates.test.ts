/** Server certificates and signing certificates, made for the test and read by the same OpenSSL that refuses the broken ones. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import { certificate } from '#gateway/http/x509.ts';
import { cloud } from '#test/sdk/cloud.ts';
import { newUser } from '#test/sdk/people.ts';
import { refusal } from '#test/sdk/refusals.ts';

const DAY = 86_400_000;
const ecKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const rsaKey = (modulusLength = 2048): KeyObject => generateKeyPairSync('rsa', { modulusLength }).privateKey;
const pemOf = (key: KeyObject): string => key.export({ format: 'pem', type: 'pkcs8' }).toString();

interface Wanted {
  readonly subject?: string;
  readonly issuer?: string;
  readonly key: KeyObject;
  readonly issuerKey: KeyObject;
  readonly names?: readonly string[];
  /** In days from now. */
  readonly from?: number;
  readonly to?: number;
}

const made = ({ subject = 'web', issuer = 'root', from = -1, to = 30, names, key, issuerKey }: Wanted): string =>
  certificate({
    subject,
    issuer,
    key,
    issuerKey,
    names,
    notBefore: new Date(Date.now() + from * DAY),
    notAfter: new Date(Date.now() + to * DAY),
  });

test('a server certificate’s life', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const [rootKey, key] = [ecKey(), ecKey()];
  const root = made({ subject: 'root', key: rootKey, issuerKey: rootKey });
  const CertificateBody = made({ key, issuerKey: rootKey, names: ['example.com'] });
  const ServerCertificateName = 'site';
  const upload = (input: Partial<iam.UploadServerCertificateRequest>) =>
    admin.send(
      new iam.UploadServerCertificateCommand({
        ServerCertificateName,
        CertificateBody,
        PrivateKey: pemOf(key),
        ...input,
      }),
    );
  const uploaded = await upload({ Path: '/cloudfront/', CertificateChain: root, Tags: [{ Key: 'a', Value: '1' }] });
  const metadata = uploaded.ServerCertificateMetadata;
  assert.match(metadata?.ServerCertificateId ?? '', /^ASCA[A-Z2-7]{17}$/);
  assert.equal(metadata?.Arn, `arn:aws:iam::${c.account}:server-certificate/cloudfront/site`);
  assert.deepEqual(metadata?.Expiration, new X509Certificate(CertificateBody).validToDate);
  assert.deepEqual(uploaded.Tags, [{ Key: 'a', Value: '1' }]);
  await assert.rejects(upload({ ServerCertificateName: 'SITE' }), refusal('EntityAlreadyExistsException'));

  const tags = { ServerCertificateName, Tags: [{ Key: 'b', Value: '2' }] };
  await admin.send(new iam.TagServerCertificateCommand(tags));
  await admin.send(new iam.UntagServerCertificateCommand({ ServerCertificateName, TagKeys: ['a'] }));
  const listed = await admin.send(new iam.ListServerCertificateTagsCommand({ ServerCertificateName }));
  assert.deepEqual(listed.Tags, tags.Tags);

  await upload({ ServerCertificateName: 'second' });
  const renamed = { ServerCertificateName: 'Site2' };
  const update = (NewServerCertificateName: string) =>
    admin.send(
      new iam.UpdateServerCertificateCommand({ ServerCertificateName, NewServerCertificateName, NewPath: '/new/' }),
    );
  await assert.rejects(update('second'), refusal('EntityAlreadyExistsException'));
  await update('Site2');
  const { ServerCertificate } = await admin.send(new iam.GetServerCertificateCommand(renamed));
  assert.equal(ServerCertificate?.CertificateBody, CertificateBody);
  assert.equal(ServerCertificate?.CertificateChain, root);
  assert.deepEqual(ServerCertificate?.Tags, tags.Tags);
  assert.equal(JSON.stringify(ServerCertificate).includes('PRIVATE KEY'), false);
  const below = await admin.send(new iam.ListServerCertificatesCommand({ PathPrefix: '/new/' }));
  assert.deepEqual(
    below.ServerCertificateMetadataList?.map((each) => each.ServerCertificateName),
    ['Site2'],
  );
  await admin.send(new iam.DeleteServerCertificateCommand(renamed));
  await assert.rejects(
    admin.send(new iam.GetServerCertificateCommand(renamed)),
    refusal('NoSuchEntityException', 'The Server Certificate with name Site2 cannot be found.'),
  );
});

test('what is no server certificate', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const [rootKey, key, other] = [ecKey(), ecKey(), ecKey()];
  const root = made({ subject: 'root', key: rootKey, issuerKey: rootKey });
  const stranger = made({ subject: 'root', key: other, issuerKey: other });
  const CertificateBody = made({ key, issuerKey: rootKey });
  const upload = (input: Partial<iam.UploadServerCertificateRequest>) =>
    admin.send(
      new iam.UploadServerCertificateCommand({
        ServerCertificateName: 'site',
        CertificateBody,
        PrivateKey: pemOf(key),
        ...input,
      }),
    );
  const malformed = (message?: RegExp) => refusal('MalformedCertificateException', message);
  await assert.rejects(upload({ CertificateBody: 'certificate' }), malformed(/PEM format/));
  await assert.rejects(upload({ CertificateBody: CertificateBody + root }), malformed(/PEM format/));
  const cut = CertificateBody.replace(/\n.{64}\n/, '\n');
  await assert.rejects(upload({ CertificateBody: cut }), malformed(/PEM format/));
  await assert.rejects(
    upload({ CertificateBody: made({ key, issuerKey: rootKey, from: -9, to: -1 }) }),
    malformed(/expired/),
  );
  await assert.rejects(
    upload({ CertificateBody: made({ key, issuerKey: rootKey, from: 1 }) }),
    malformed(/not valid yet/),
  );
  await assert.rejects(upload({ CertificateChain: stranger }), malformed(/invalid certificate is: 0/));
  await assert.rejects(upload({ CertificateChain: root + stranger }), malformed(/invalid certificate is: 1/));
  // Signed by nobody: names and key ids are right, the signature is not.
  const forged = Buffer.from(CertificateBody.replace(/-----[^-]+-----/g, ''), 'base64');
  forged.writeUInt8(forged.readUInt8(forged.length - 1) ^ 1, forged.length - 1);
  const ForgedBody = `-----BEGIN CERTIFICATE-----\n${forged.toString('base64')}\n-----END CERTIFICATE-----`;
  const signedByNobody = upload({ CertificateBody: ForgedBody, CertificateChain: root });
  await assert.rejects(signedByNobody, malformed(/invalid certificate is: 0/));
  await assert.rejects(upload({ CertificateChain: 'chain' }), malformed());
  await assert.rejects(upload({ PrivateKey: pemOf(other) }), refusal('KeyPairMismatchException'));
  const encrypted = key.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' }).toString();
  await assert.rejects(upload({ PrivateKey: encrypted }), malformed(/encrypted/));
  for (let n = 0; n < 20; n++) await upload({ ServerCertificateName: `site${n}` });
  await assert.rejects(
    upload({ ServerCertificateName: 'last' }),
    refusal('LimitExceededException', 'Cannot exceed quota for ServerCertificatesPerAccount: 20'),
  );
});

test('a signing certificate’s life', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const rootKey = ecKey();
  const UserName = 'ann';
  await admin.send(new iam.CreateUserCommand({ UserName }));
  const upload = (CertificateBody: string, name: string | undefined = UserName) =>
    admin.send(new iam.UploadSigningCertificateCommand({ UserName: name, CertificateBody }));
  const body = made({ key: rsaKey(), issuerKey: rootKey });
  const { Certificate } = await upload(body);
  const CertificateId = Certificate?.CertificateId ?? '';
  assert.match(CertificateId, /^[A-Z2-7]{32}$/);
  assert.equal(Certificate?.Status, 'Active');
  await assert.rejects(upload(body, 'administrator'), refusal('DuplicateCertificateException'));
  await assert.rejects(upload('certificate'), refusal('MalformedCertificateException'));
  await assert.rejects(upload(made({ key: ecKey(), issuerKey: rootKey })), refusal('InvalidCertificateException'));
  await upload(made({ key: rsaKey(), issuerKey: rootKey }));
  await assert.rejects(
    upload(made({ key: rsaKey(), issuerKey: rootKey })),
    refusal('LimitExceededException', 'Cannot exceed quota for SigningCertificatesPerUser: 2'),
  );
  const update = (Status: iam.StatusType) =>
    admin.send(new iam.UpdateSigningCertificateCommand({ UserName, CertificateId, Status }));
  await assert.rejects(update('Expired'), refusal('InvalidInputException'));
  await update('Inactive');
  const listed = await admin.send(new iam.ListSigningCertificatesCommand({ UserName }));
  const states = Object.fromEntries((listed.Certificates ?? []).map((each) => [each.CertificateId, each.Status]));
  assert.equal(states[CertificateId], 'Inactive');
  assert.equal(Object.keys(states).length, 2);
  await assert.rejects(
    admin.send(new iam.DeleteUserCommand({ UserName })),
    refusal('DeleteConflictException', /signing certificates first/),
  );
  const remove = () => admin.send(new iam.DeleteSigningCertificateCommand({ UserName, CertificateId }));
  await remove();
  await assert.rejects(remove(), refusal('NoSuchEntityException'));
  // Its own user may have it again, and so may the caller, without a name.
  const bob = await newUser(c, 'bob');
  await bob.allow({ Effect: 'Allow', Action: 'iam:*', Resource: `arn:aws:iam::${c.account}:user/bob` });
  const own = c.client(iam.IAMClient, { credentials: bob.credentials });
  const his = await own.send(new iam.UploadSigningCertificateCommand({ CertificateBody: body }));
  assert.equal(his.Certificate?.UserName, 'bob');
});

test('neither private keys nor passwords lie in the data in clear', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const [rootKey, key] = [ecKey(), ecKey()];
  const PrivateKey = pemOf(key);
  const CertificateBody = made({ key, issuerKey: rootKey });
  await admin.send(
    new iam.UploadServerCertificateCommand({ ServerCertificateName: 'site', CertificateBody, PrivateKey }),
  );
  await admin.send(new iam.CreateUserCommand({ UserName: 'ann' }));
  const secrets = [PrivateKey.split('\n')[1] ?? assert.fail('a PEM has lines')];
  for (const ServiceName of ['codecommit.amazonaws.com', 'bedrock.amazonaws.com']) {
    const { ServiceSpecificCredential: shown } = await admin.send(
      new iam.CreateServiceSpecificCredentialCommand({ UserName: 'ann', ServiceName }),
    );
    secrets.push(shown?.ServicePassword ?? shown?.ServiceCredentialSecret ?? assert.fail('it is shown once'));
  }
  const files = globSync('**/*', { cwd: c.data, withFileTypes: true }).filter((file) => file.isFile());
  const data = Buffer.concat(files.map((file) => readFileSync(join(file.parentPath, file.name))));
  // What is not secret is there: the test looks in the right place.
  assert.ok(data.includes(CertificateBody.split('\n')[1] ?? ''));
  for (const secret of secrets) assert.equal(data.includes(secret), false, secret.slice(0, 8));
});
