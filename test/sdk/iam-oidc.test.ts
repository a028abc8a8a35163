import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import { httpsServer } from '#test/https-server.ts';
import { cloud } from '#test/sdk/cloud.ts';
import { named } from '#test/sdk/federation.ts';
import { newUser } from '#test/sdk/people.ts';

const THUMBPRINT = '0123456789abcdef0123456789abcdef01234567';
const thumb = (n: number): string => n.toString(16).padStart(40, '0');

test('an OpenID Connect provider is created, changed, listed, tagged and deleted', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const Url = 'https://issuer.example/path';
  const arn = `arn:aws:iam::${c.account}:oidc-provider/issuer.example/path`;
  const made = await admin.send(
    new iam.CreateOpenIDConnectProviderCommand({
      Url,
      ClientIDList: ['one', 'two', 'one'],
      ThumbprintList: [THUMBPRINT.toUpperCase()],
      Tags: [
        { Key: 'team', Value: 'blue' },
        { Key: 'cost', Value: '1' },
      ],
    }),
  );
  assert.equal(made.OpenIDConnectProviderArn, arn);
  assert.deepEqual(made.Tags, [
    { Key: 'cost', Value: '1' },
    { Key: 'team', Value: 'blue' },
  ]);
  const ofIt = { OpenIDConnectProviderArn: arn };
  const get = () => admin.send(new iam.GetOpenIDConnectProviderCommand(ofIt));
  const { CreateDate, ...first } = await get();
  assert.ok(CreateDate instanceof Date);
  assert.deepEqual(
    [first.Url, first.ClientIDList, first.ThumbprintList],
    ['issuer.example/path', ['one', 'two'], [THUMBPRINT]],
  );
  for (const ClientID of ['three', 'three']) {
    await admin.send(new iam.AddClientIDToOpenIDConnectProviderCommand({ ...ofIt, ClientID }));
  }
  for (const ClientID of ['one', 'one']) {
    await admin.send(new iam.RemoveClientIDFromOpenIDConnectProviderCommand({ ...ofIt, ClientID }));
  }
  await admin.send(
    new iam.UpdateOpenIDConnectProviderThumbprintCommand({ ...ofIt, ThumbprintList: [thumb(1), thumb(2)] }),
  );
  await admin.send(new iam.UntagOpenIDConnectProviderCommand({ ...ofIt, TagKeys: ['cost'] }));
  await admin.send(new iam.TagOpenIDConnectProviderCommand({ ...ofIt, Tags: [{ Key: 'TEAM', Value: 'red' }] }));
  const again = await c.restart();
  const later = again.client(iam.IAMClient);
  const changed = await later.send(new iam.GetOpenIDConnectProviderCommand(ofIt));
  assert.deepEqual(
    [changed.ClientIDList, changed.ThumbprintList],
    [
      ['two', 'three'],
      [thumb(1), thumb(2)],
    ],
  );
  const { Tags } = await later.send(new iam.ListOpenIDConnectProviderTagsCommand(ofIt));
  assert.deepEqual(Tags, [{ Key: 'TEAM', Value: 'red' }]);
  const listed = await later.send(new iam.ListOpenIDConnectProvidersCommand({}));
  assert.deepEqual(listed.OpenIDConnectProviderList, [{ Arn: arn }]);
  for (const _ of [1, 2]) await later.send(new iam.DeleteOpenIDConnectProviderCommand(ofIt));
  const left = await later.send(new iam.ListOpenIDConnectProvidersCommand({}));
  assert.deepEqual(left.OpenIDConnectProviderList, []);
});

test('rules of a provider', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const create = (input: Partial<iam.CreateOpenIDConnectProviderCommandInput>) =>
    admin.send(
      new iam.CreateOpenIDConnectProviderCommand({
        Url: 'https://a.example',
        ThumbprintList: [THUMBPRINT],
        ...input,
      }),
    );
  for (const Url of [
    'http://a.example',
    'a.example',
    'https://',
    'https://a.example/?q=1',
    'https://a.example/#x',
    'https://user@a.example',
    'https://a.example/a/../b',
    'https://2130706433',
    'https://a.example\\@b.example',
  ]) {
    await assert.rejects(create({ Url }), named('InvalidInputException', /Invalid Open ID Connect Provider URL/), Url);
  }
  const six = Array.from({ length: 6 }, (_, n) => thumb(n));
  await assert.rejects(
    create({ ThumbprintList: six }),
    named('InvalidInputException', /^Thumbprint list must contain fewer than 5 entries\.$/),
  );
  await assert.rejects(create({ ThumbprintList: ['z'.repeat(40)] }), named('InvalidInputException'));
  const ids = Array.from({ length: 101 }, (_, n) => `id-${n}`);
  const tooMany = named('LimitExceededException', /^Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100$/);
  await assert.rejects(create({ ClientIDList: ids }), tooMany);
  const { OpenIDConnectProviderArn } = await create({ ClientIDList: ids.slice(1) });
  const ofIt = { OpenIDConnectProviderArn };
  await assert.rejects(
    admin.send(new iam.AddClientIDToOpenIDConnectProviderCommand({ ...ofIt, ClientID: 'more' })),
    tooMany,
  );
  await assert.rejects(
    create({}),
    named('EntityAlreadyExistsException', /^Provider with url https:\/\/a\.example already exists\.$/),
  );
  await create({ Url: 'https://a.example/' });
  assert.equal((await admin.send(new iam.GetAccountSummaryCommand({}))).SummaryMap?.['Providers'], 2);
  await assert.rejects(
    admin.send(new iam.UpdateOpenIDConnectProviderThumbprintCommand({ ...ofIt, ThumbprintList: [] })),
    named('InvalidInputException'),
  );
  const missing = `arn:aws:iam::${c.account}:oidc-provider/b.example`;
  await assert.rejects(
    admin.send(new iam.GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: missing })),
    named('NoSuchEntityException', /^OpenIDConnect Provider not found for arn arn:aws:iam::\d{12}:oidc-provider\/b/),
  );
  await assert.rejects(
    admin.send(new iam.TagOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: missing, Tags: [] })),
    named('NoSuchEntityException'),
  );
  const role = `arn:aws:iam::${c.account}:role/not-a-provider`;
  await assert.rejects(
    admin.send(new iam.GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: role })),
    named('InvalidInputException'),
  );
});

test('permissions are asked on the provider, tags included', async (t) => {
  const c = await cloud(t);
  const bob = await newUser(c, 'bob');
  const asBob = c.client(iam.IAMClient, { credentials: bob.credentials });
  const create = (Url: string, Tags?: iam.Tag[]) =>
    asBob.send(
      new iam.CreateOpenIDConnectProviderCommand({ Url, ThumbprintList: [THUMBPRINT], ...(Tags && { Tags }) }),
    );
  await assert.rejects(create('https://a.example'), named('AccessDenied'));
  await bob.allow({
    Effect: 'Allow',
    Action: 'iam:*OpenIDConnectProvider*',
    Resource: `arn:aws:iam::${c.account}:oidc-provider/a.example*`,
    Condition: { StringEqualsIfExists: { 'aws:ResourceTag/team': 'blue', 'aws:RequestTag/team': 'blue' } },
  });
  await create('https://a.example', [{ Key: 'team', Value: 'blue' }]);
  await assert.rejects(create('https://a.example/red', [{ Key: 'team', Value: 'red' }]), named('AccessDenied'));
  await assert.rejects(create('https://b.example'), named('AccessDenied'));
  const ofIt = { OpenIDConnectProviderArn: `arn:aws:iam::${c.account}:oidc-provider/a.example` };
  await asBob.send(new iam.GetOpenIDConnectProviderCommand(ofIt));
  const admin = c.client(iam.IAMClient);
  await admin.send(new iam.TagOpenIDConnectProviderCommand({ ...ofIt, Tags: [{ Key: 'team', Value: 'red' }] }));
  await assert.rejects(asBob.send(new iam.GetOpenIDConnectProviderCommand(ofIt)), named('AccessDenied'));
});

test('without thumbprints the provider’s server is asked for its own', async (t) => {
  const c = await cloud(t);
  const admin = c.client(iam.IAMClient);
  const issuer = await httpsServer(t, (_, answer) => answer.end());
  const { OpenIDConnectProviderArn } = await admin.send(
    new iam.CreateOpenIDConnectProviderCommand({ Url: issuer.url }),
  );
  assert.equal(OpenIDConnectProviderArn, `arn:aws:iam::${c.account}:oidc-provider/localhost:${issuer.port}`);
  const { ThumbprintList } = await admin.send(new iam.GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn }));
  assert.deepEqual(ThumbprintList, [issuer.thumbprint]);
  for (const Url of ['https://169.254.169.254', `https://localhost:${c.port}`, 'https://localhost:9']) {
    await assert.rejects(
      admin.send(new iam.CreateOpenIDConnectProviderCommand({ Url })),
      named('OpenIdIdpCommunicationErrorException'),
      Url,
    );
  }
});
