/** Access control lists, where a bucket's ownership allows them. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  AbortMultipartUploadCommand,
  type BucketCannedACL,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeletePublicAccessBlockCommand,
  GetBucketAclCommand,
  GetBucketEncryptionCommand,
  GetObjectAclCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  ListPartsCommand,
  type ObjectOwnership,
  PutBucketAclCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutPublicAccessBlockCommand,
} from '@aws-sdk/client-s3';
import { document } from '#test/policy-document.ts';
import { newAccount } from '#test/sdk/people.ts';
import { sendRaw, unsigned } from '#test/sdk/raw-request.ts';
import { refusal } from '#test/sdk/refusals.ts';
import { bucketTest, textOf } from '#test/sdk/s3.ts';

const ALL_USERS = 'http://acs.amazonaws.com/groups/global/AllUsers';

async function start(t: TestContext, ownership: ObjectOwnership = 'ObjectWriter') {
  const b = await bucketTest(t);
  const { s3, Bucket, c } = b;
  const own = (ObjectOwnership: ObjectOwnership) =>
    s3.send(new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls: { Rules: [{ ObjectOwnership }] } }));
  await own(ownership);
  await s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
  const partner = b.as(await newAccount(c, '210987654321'));
  const grants = async (Key?: string) => {
    const { Owner, Grants = [] } = await (Key === undefined
      ? s3.send(new GetBucketAclCommand({ Bucket }))
      : s3.send(new GetObjectAclCommand({ Bucket, Key })));
    return Grants.map(({ Grantee, Permission }) => {
      const whom = Grantee?.ID === Owner?.ID ? 'owner' : (Grantee?.ID ?? Grantee?.URI?.split('/').at(-1));
      return `${whom} ${Permission}`;
    });
  };
  const anybody = async (path: string, method = 'GET') =>
    (await sendRaw(c, unsigned(c, { method, path: `/${Bucket}${path}`, query: {} }))).status;
  const partnerId = (await partner.send(new GetBucketAclCommand({ Bucket: await bucketOf(partner) }))).Owner?.ID ?? '';
  return { ...b, own, partner, partnerId, grants, anybody };
}

async function bucketOf(partner: Awaited<ReturnType<typeof bucketTest>>['s3']) {
  await partner.send(new CreateBucketCommand({ Bucket: 'of-the-partner' }));
  return 'of-the-partner';
}

test('canned lists of a bucket let everybody in, and out again', async (t) => {
  const { s3, Bucket, grants, anybody, partner } = await start(t);
  const put = (ACL: string) => s3.send(new PutBucketAclCommand({ Bucket, ACL: ACL as BucketCannedACL }));
  assert.deepEqual(await grants(), ['owner FULL_CONTROL']);
  assert.equal(await anybody(''), 403);
  await put('public-read');
  assert.deepEqual(await grants(), ['owner FULL_CONTROL', 'AllUsers READ']);
  assert.equal(await anybody(''), 200);
  assert.equal(await anybody('/k', 'PUT'), 403);
  assert.equal(await anybody('/nothing'), 404);
  await put('public-read-write');
  assert.equal(await anybody('/k', 'PUT'), 200);
  assert.equal(await anybody('/k', 'DELETE'), 403);
  assert.equal(await anybody('?acl'), 403);
  await put('authenticated-read');
  assert.equal(await anybody(''), 403);
  assert.ok((await partner.send(new ListObjectsV2Command({ Bucket }))).KeyCount);
  await put('log-delivery-write');
  assert.deepEqual(await grants(), ['owner FULL_CONTROL', 'LogDelivery WRITE', 'LogDelivery READ_ACP']);
  await put('bucket-owner-full-control');
  assert.deepEqual(await grants(), ['owner FULL_CONTROL']);
  await put('private');
  assert.equal(await anybody(''), 403);
  await assert.rejects(put('friends-only'), refusal('InvalidArgument'));
});

test('grants by header and by document name accounts', async (t) => {
  const { s3, Bucket, put, grants, partner, partnerId } = await start(t);
  await put('k', 'for a friend', { GrantRead: `id="${partnerId}", uri="${ALL_USERS}"` });
  assert.deepEqual(await grants('k'), [`${partnerId} READ`, 'AllUsers READ']);
  await put('k', 'for a friend', { GrantRead: `id="${partnerId}"` });
  const read = async () => textOf((await partner.send(new GetObjectCommand({ Bucket, Key: 'k' }))).Body);
  assert.equal(await read(), 'for a friend');
  const { Owner } = await s3.send(new GetObjectAclCommand({ Bucket, Key: 'k' }));
  const document = (owner: object | undefined, ...Grants: object[]) =>
    s3.send(new PutObjectAclCommand({ Bucket, Key: 'k', AccessControlPolicy: { Owner: owner, Grants } as object }));
  const to = (ID: string, Permission = 'WRITE_ACP') => ({ Grantee: { Type: 'CanonicalUser', ID }, Permission });
  await document(Owner, to(partnerId));
  assert.deepEqual(await grants('k'), [`${partnerId} WRITE_ACP`]);
  await assert.rejects(read(), refusal('AccessDenied'));
  await partner.send(new PutObjectAclCommand({ Bucket, Key: 'k', GrantRead: `id=${partnerId}` }));
  assert.equal(await read(), 'for a friend');
  await assert.rejects(document({ ID: partnerId }, to(partnerId)), refusal('AccessDenied'));
  await assert.rejects(document(undefined, to(partnerId)), refusal('MalformedACLError'));
  await assert.rejects(document(Owner, to('0'.repeat(64))), refusal('InvalidArgument', 'Invalid id'));
  await assert.rejects(document(Owner, to(partnerId, 'EVERYTHING')), refusal('MalformedXML'));
  const group = { Grantee: { Type: 'Group', URI: 'http://example.com' }, Permission: 'READ' };
  await assert.rejects(document(Owner, group), refusal('InvalidArgument', 'Invalid group uri'));
  const mail = { Grantee: { Type: 'AmazonCustomerByEmail', EmailAddress: 'a@example.com' }, Permission: 'READ' };
  await assert.rejects(document(Owner, mail), refusal('MethodNotAllowed'));
  const many = Array.from({ length: 101 }, () => to(partnerId));
  await assert.rejects(document(Owner, ...many), refusal('MalformedACLError'));
});

test('one way of saying a list at a time', async (t) => {
  const { s3, Bucket, put, partnerId } = await start(t);
  const both = { ACL: 'private' as const, GrantRead: `id=${partnerId}` };
  await assert.rejects(put('k', 'x', both), refusal('InvalidRequest'));
  await assert.rejects(put('k', 'x', { GrantRead: 'everybody' }), refusal('InvalidArgument'));
  const AccessControlPolicy = { Owner: { ID: 'x' }, Grants: [] };
  const mixed = new PutBucketAclCommand({ Bucket, ACL: 'private', AccessControlPolicy });
  await assert.rejects(s3.send(mixed), refusal('UnexpectedContent'));
  await assert.rejects(s3.send(new PutBucketAclCommand({ Bucket })), refusal('MissingSecurityHeader'));
});

test('an object belongs to who wrote it, or to the bucket’s owner', async (t) => {
  const { s3, Bucket, own, partner, partnerId, grants } = await start(t);
  await s3.send(new PutBucketAclCommand({ Bucket, GrantWrite: `id=${partnerId}` }));
  const write = (ACL?: 'bucket-owner-full-control' | 'bucket-owner-read') =>
    partner.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'theirs', ACL }));
  const read = async () => textOf((await s3.send(new GetObjectCommand({ Bucket, Key: 'k' }))).Body);
  await write();
  await assert.rejects(read(), refusal('AccessDenied'));
  const { Owner } = await partner.send(new GetObjectAclCommand({ Bucket, Key: 'k' }));
  assert.equal(Owner?.ID, partnerId);
  await write('bucket-owner-read');
  assert.equal(await read(), 'theirs');
  await own('BucketOwnerPreferred');
  await write('bucket-owner-full-control');
  assert.deepEqual(await grants('k'), ['owner FULL_CONTROL']);
  await assert.rejects(partner.send(new GetObjectAclCommand({ Bucket, Key: 'k' })), refusal('AccessDenied'));
  await write();
  // What is in a bucket its owner may always delete.
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
});

test('the owner-enforced bucket takes no lists, and shows its owner’s', async (t) => {
  const { s3, Bucket, own, put, grants, anybody, partnerId } = await start(t);
  await put('k', 'text', { ACL: 'public-read' });
  assert.equal(await anybody('/k'), 200);
  await s3.send(new PutBucketAclCommand({ Bucket, GrantRead: `id=${partnerId}` }));
  await assert.rejects(own('BucketOwnerEnforced'), refusal('InvalidBucketAclWithObjectOwnership'));
  await s3.send(new PutBucketAclCommand({ Bucket, ACL: 'private' }));
  await own('BucketOwnerEnforced');
  assert.equal(await anybody('/k'), 403);
  assert.deepEqual([await grants(), await grants('k')], [['owner FULL_CONTROL'], ['owner FULL_CONTROL']]);
  for (const refused of [
    () => s3.send(new PutBucketAclCommand({ Bucket, ACL: 'private' })),
    () => s3.send(new PutObjectAclCommand({ Bucket, Key: 'k', ACL: 'private' })),
    () => put('k', 'text', { ACL: 'public-read' }),
  ]) {
    await assert.rejects(refused(), refusal('AccessControlListNotSupported', 'The bucket does not allow ACLs'));
  }
  await put('k', 'text', { ACL: 'bucket-owner-full-control' });
  const { Owner } = await s3.send(new GetBucketAclCommand({ Bucket }));
  await put('k', 'text', { GrantFullControl: `id=${Owner?.ID}` });
  const create = (further: object) => s3.send(new CreateBucketCommand({ Bucket: 'another', ...further }));
  await assert.rejects(create({ ACL: 'public-read' }), refusal('InvalidBucketAclWithObjectOwnership'));
  const writers = { ACL: 'public-read', ObjectOwnership: 'ObjectWriter' };
  await assert.rejects(create(writers), refusal('InvalidBucketAclWithBlockPublicAccessError'));
});

test('who gives the bucket’s owner full control, and nothing else, needs no permission to set lists', async (t) => {
  const { s3, Bucket, partner, partnerId, grants } = await start(t);
  const { Owner } = await s3.send(new GetBucketAclCommand({ Bucket }));
  const owner = `id="${Owner?.ID}"`;
  const statement = { Effect: 'Allow', Principal: '*', Action: 's3:PutObject', Resource: `arn:aws:s3:::${Bucket}/*` };
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: document(statement) }));
  const write = (lists: Partial<PutObjectCommandInput>) =>
    partner.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'theirs', ...lists }));
  await write({ ACL: 'bucket-owner-full-control' });
  await write({ GrantFullControl: owner });
  assert.deepEqual(await grants('k'), [`${Owner?.ID} FULL_CONTROL`]);
  for (const more of [
    { GrantFullControl: `id=${partnerId}` },
    { GrantFullControl: `${owner}, id=${partnerId}` },
    { GrantFullControl: owner, GrantRead: `id=${partnerId}` },
    { GrantRead: owner },
    { ACL: 'private' },
  ] as const) {
    await assert.rejects(write(more), refusal('AccessDenied'));
  }
});

test('the public access block refuses public lists, or ignores them', async (t) => {
  const { s3, Bucket, put, anybody, grants } = await start(t);
  const block = (PublicAccessBlockConfiguration: object) =>
    s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration }));
  await put('k', 'text', { ACL: 'public-read' });
  await block({ BlockPublicAcls: true });
  assert.equal(await anybody('/k'), 200);
  const blocked =
    /: s3:PutObject on resource: "arn:aws:s3:::.*\/k" because public access control lists \(ACLs\) are blocked by the BlockPublicAcls block/;
  await assert.rejects(put('k', 'text', { ACL: 'public-read' }), refusal('AccessDenied', blocked));
  const bucket = s3.send(new PutBucketAclCommand({ Bucket, ACL: 'public-read' }));
  await assert.rejects(bucket, refusal('AccessDenied'));
  await block({ IgnorePublicAcls: true });
  assert.equal(await anybody('/k'), 403);
  assert.deepEqual(await grants('k'), ['owner FULL_CONTROL', 'AllUsers READ']);
});

test('an operator can have buckets made as before April 2023', async (t) => {
  const { c, s3 } = await bucketTest(t, { oldBucketDefaults: true });
  await s3.send(new CreateBucketCommand({ Bucket: 'open', ACL: 'public-read' }));
  const list = await sendRaw(c, unsigned(c, { method: 'GET', path: '/open', query: {} }));
  assert.equal(list.status, 200);

  // Made again, it has its list anew.
  await s3.send(new CreateBucketCommand({ Bucket: 'open' }));
  const again = await sendRaw(c, unsigned(c, { method: 'GET', path: '/open', query: {} }));
  assert.equal(again.status, 403);
  const { ServerSideEncryptionConfiguration } = await s3.send(new GetBucketEncryptionCommand({ Bucket: 'open' }));
  assert.equal(ServerSideEncryptionConfiguration?.Rules?.[0]?.BlockedEncryptionTypes, undefined);
});

test('lists show whose an object is; with the old defaults by name', async (t) => {
  for (const oldBucketDefaults of [false, true]) {
    const b = await bucketTest(t, { oldBucketDefaults });
    const { s3, c, Bucket } = b;
    const partner = b.as(await newAccount(c, '210987654321'));
    await s3.send(
      new PutBucketOwnershipControlsCommand({
        Bucket,
        OwnershipControls: { Rules: [{ ObjectOwnership: 'ObjectWriter' }] },
      }),
    );
    await s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
    await s3.send(new PutBucketAclCommand({ Bucket, ACL: 'public-read-write' }));
    await b.put('own');
    await partner.send(new PutObjectCommand({ Bucket, Key: 'theirs', Body: 'text' }));
    const { UploadId } = await partner.send(new CreateMultipartUploadCommand({ Bucket, Key: 'begun' }));
    const { Owner: partnerOwner } = await partner.send(new GetObjectAclCommand({ Bucket, Key: 'theirs' }));
    const { Owner: owner, Grants } = await s3.send(new GetBucketAclCommand({ Bucket }));
    assert.equal(partnerOwner?.DisplayName, oldBucketDefaults ? 'partner' : undefined);
    const types = Grants?.map(({ Grantee }) => Grantee?.Type);
    const [group, user] = [Array(2).fill('Group'), 'CanonicalUser'];
    assert.deepEqual(types, oldBucketDefaults ? [...group, user] : [user, ...group]);
    assert.equal(Grants?.at(oldBucketDefaults ? -1 : 0)?.Grantee?.DisplayName, owner?.DisplayName);
    const lists = [
      (await s3.send(new ListObjectsCommand({ Bucket }))).Contents,
      (await s3.send(new ListObjectsV2Command({ Bucket, FetchOwner: true }))).Contents,
      (await s3.send(new ListObjectVersionsCommand({ Bucket }))).Versions,
    ];
    for (const list of lists)
      assert.deepEqual(
        list?.map(({ Owner }) => Owner),
        [owner, partnerOwner],
      );
    const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket }));
    assert.deepEqual(Uploads[0]?.Owner, partnerOwner);
    assert.equal(Uploads[0]?.Initiator?.ID, 'arn:aws:iam::210987654321:user/administrator');
    // Who began it may look at it and give it up; nobody else of other accounts.
    const begun = { Bucket, Key: 'begun', UploadId };
    const stranger = b.as(await newAccount(c, '310987654321'));
    await assert.rejects(stranger.send(new AbortMultipartUploadCommand(begun)), refusal('AccessDenied'));
    assert.deepEqual((await partner.send(new ListPartsCommand(begun))).Owner, partnerOwner);
    await partner.send(new AbortMultipartUploadCommand(begun));
  }
});
