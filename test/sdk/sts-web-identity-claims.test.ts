import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import * as sts from '@aws-sdk/client-sts';
import { waitingRecords } from '#platform/audit/journal.fixture.ts';
import type { AccountId, Region } from '#platform/base/ids.ts';
import { document } from '#test/policy-document.ts';
import { ASSUME, bigTags, credentialsOf, federation, lists, named, tooLarge } from '#test/sdk/federation.ts';

test('the trust policy decides by the token’s claims', async (t) => {
  const { c, issuer, key, provider, trust, assume } = await federation(t);
  const denied = named('AccessDenied', /^Not authorized to perform sts:AssumeRoleWithWebIdentity$/);
  await trust({ StringEquals: { [`${provider}:sub`]: 'ann', [`${provider}:aud`]: 'client' } });
  await assume(issuer.token(key));
  await assert.rejects(assume(issuer.token(key, { sub: 'eve' })), denied);
  await assert.rejects(assume(issuer.token(key, { aud: 'another' })), denied);
  await trust({ StringEquals: { [`${provider}:aud`]: 'another', [`${provider}:oaud`]: 'client' } });
  await assume(issuer.token(key, { azp: 'another' }));
  await trust({ 'ForAnyValue:StringEquals': { [`${provider}:amr`]: 'otp' } });
  await assume(issuer.token(key, { amr: ['pwd', 'otp'] }));
  await assert.rejects(assume(issuer.token(key, { amr: ['pwd'] })), denied);
  await trust({ StringEquals: { 'sts:RoleSessionName': 'session' } });
  await assume(issuer.token(key));
  await assert.rejects(assume(issuer.token(key), { RoleSessionName: 'other' }), denied);
  // A claim that AWS has no key for has none here.
  await trust({ StringEquals: { [`${provider}:groups`]: 'admins' } });
  await assert.rejects(assume(issuer.token(key, { groups: 'admins' })), denied);
  await trust(undefined, ['sts:AssumeRole']);
  await assert.rejects(assume(issuer.token(key)), denied);
  const missing = `arn:aws:iam::${c.account}:role/missing`;
  await assert.rejects(assume(issuer.token(key), { RoleArn: missing }), denied);
  await assert.rejects(
    assume(issuer.token(key), { RoleArn: 'arn:aws:iam::999999999999:role/guest' }),
    named('InvalidIdentityTokenException', /^No OpenIDConnect provider/),
    'an account that does not exist',
  );
  await assert.rejects(assume(issuer.token(key), { RoleArn: 'x'.repeat(20) }), named('ValidationError'));
  await assert.rejects(assume(issuer.token(key), { ProviderId: 'www.amazon.com' }), named('InvalidParameterValue'));
});

test('tags and a source identity come with the token, and need permission', async (t) => {
  const { c, issuer, key, provider, RoleArn, trust, assume } = await federation(t);
  const tagged = {
    'https://aws.amazon.com/tags': {
      principal_tags: { Project: ['Automation'], Team: ['blue'] },
      transitive_tag_keys: ['Team'],
    },
    'https://aws.amazon.com/source_identity': 'ann@corp',
  };
  await assert.rejects(assume(issuer.token(key, tagged)), named('AccessDenied', /sts:TagSession$/));
  await trust(undefined, [ASSUME, 'sts:TagSession']);
  await assert.rejects(assume(issuer.token(key, tagged)), named('AccessDenied', /sts:SetSourceIdentity$/));
  await trust({ StringEquals: { 'aws:RequestTag/Team': 'blue' } }, [ASSUME, 'sts:TagSession', 'sts:SetSourceIdentity']);
  const made = await assume(issuer.token(key, tagged));
  assert.equal(made.SourceIdentity, 'ann@corp');
  const big = Object.fromEntries(bigTags().map(({ Key, Value }) => [Key ?? '', [Value]]));
  const tags = { principal_tags: { ...big, Team: ['blue'] } };
  await assert.rejects(assume(issuer.token(key, { ...tagged, 'https://aws.amazon.com/tags': tags })), tooLarge);
  assert.ok((made.PackedPolicySize ?? 0) > 0);
  const flat = {
    'https://aws.amazon.com/tags/principal_tags/Team': 'blue',
    'https://aws.amazon.com/tags/transitive_tag_keys': ['Team'],
  };
  await assume(issuer.token(key, flat));
  await assert.rejects(assume(issuer.token(key)), named('AccessDenied'));

  // The session's own policies see tags, the identity provider and its keys.
  const admin = c.client(iam.IAMClient);
  const allow = (Condition: object) =>
    admin.send(
      new iam.PutRolePolicyCommand({
        RoleName: 'guest',
        PolicyName: 'own',
        PolicyDocument: document({ Effect: 'Allow', Action: 'sqs:*', Resource: '*', Condition }),
      }),
    );
  const session = credentialsOf(made.Credentials);
  for (const [key_, value, other] of [
    ['aws:PrincipalTag/Project', 'Automation', 'Else'],
    ['aws:SourceIdentity', 'ann@corp', 'eve'],
    [`${provider}:sub`, 'ann', 'eve'],
    ['aws:FederatedProvider', `arn:aws:iam::${c.account}:oidc-provider/${provider}`, 'arn:aws:iam::1:x'],
  ] as const) {
    await allow({ StringEquals: { [key_]: value } });
    await lists(c, session);
    await allow({ StringEquals: { [key_]: other } });
    await assert.rejects(lists(c, session), named('AccessDenied'), key_);
  }
  // A transitive tag goes on to the next role.
  await admin.send(
    new iam.CreateRoleCommand({
      RoleName: 'next',
      AssumeRolePolicyDocument: document({
        Effect: 'Allow',
        Principal: { AWS: RoleArn },
        Action: ['sts:AssumeRole', 'sts:SetSourceIdentity', 'sts:TagSession'],
        Condition: { StringEquals: { 'aws:PrincipalTag/Team': 'blue' } },
      }),
    }),
  );
  const next = await c
    .client(sts.STSClient, { credentials: session })
    .send(new sts.AssumeRoleCommand({ RoleArn: RoleArn.replace('guest', 'next'), RoleSessionName: 'chained' }));
  assert.equal(next.SourceIdentity, 'ann@corp');
});

test('tags and source identities that can not be', async (t) => {
  const { issuer, key, assume } = await federation(t);
  const bad = (claims: object) =>
    assert.rejects(
      assume(issuer.token(key, { ...claims })),
      named('InvalidIdentityTokenException'),
      JSON.stringify(claims),
    );
  await bad({ 'https://aws.amazon.com/tags': { principal_tags: { Team: ['blue', 'red'] } } });
  await bad({ 'https://aws.amazon.com/tags': { principal_tags: { Team: [1] } } });
  await bad({ 'https://aws.amazon.com/tags': { principal_tags: { '<script>': ['x'] } } });
  await bad({ 'https://aws.amazon.com/tags': [] });
  await bad({ 'https://aws.amazon.com/source_identity': 'aws:ann' });
  await bad({ 'https://aws.amazon.com/source_identity': 'a b' });
});

test('the audit knows whom the provider vouched for, and keeps no token', async (t) => {
  const { c, issuer, key, provider, RoleArn, trust, assume } = await federation(t);
  await trust(undefined, [ASSUME, 'sts:TagSession', 'sts:SetSourceIdentity']);
  const token = await issuer.token(key, {
    'https://aws.amazon.com/tags': { principal_tags: { team: ['blue'] }, transitive_tag_keys: ['team'] },
    'https://aws.amazon.com/source_identity': 'ann@corp',
  });
  const { Credentials: credentials } = await assume(token);
  await trust({ StringEquals: { [`${provider}:sub`]: 'nobody' } });
  await assert.rejects(assume(token), named('AccessDenied'));
  const partition = c.running.cloud.store.partition({
    service: 'sts',
    account: c.account as AccountId,
    region: 'us-east-1' as Region,
  });
  const _now = c.clock.now();
  const records = partition.read(waitingRecords);
  assert.equal(records.length, 2);
  for (const record of records) {
    const arn = `arn:aws:iam::${c.account}:oidc-provider/${provider}`;
    assert.deepEqual(record.userIdentity, {
      type: 'WebIdentityUser',
      principalId: `${arn}:client:ann`,
      userName: 'ann',
      identityProvider: arn,
    });
    assert.ok(!JSON.stringify(record).includes(token.split('.')[2] ?? '-'));
    assert.ok(!JSON.stringify(record).includes(credentials?.SessionToken ?? '-'));
  }
  assert.deepEqual(
    records.map(({ errorCode }) => errorCode),
    ['AccessDenied', undefined],
  );
  assert.deepEqual(records[1]?.requestParameters, {
    roleArn: RoleArn,
    roleSessionName: 'session',
    sourceIdentity: 'ann@corp',
    principalTags: { team: 'blue' },
    transitiveTagKeys: ['team'],
  });
  assert.deepEqual(records[1].resources, [{ accountId: c.account, type: 'AWS::IAM::Role', ARN: RoleArn }]);
});
