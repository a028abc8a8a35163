import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import * as sts from '@aws-sdk/client-sts';
import { minutes, seconds } from '#platform/base/clock.ts';
import { document } from '#test/policy-document.ts';
import {
  type AssertionOptions,
  base64,
  ENTITY,
  ecIdpKey,
  encryptedText,
  idpKey,
  metadata,
  responseText,
  SIGN_IN,
  signedText,
} from '#test/saml-idp.ts';
import { bigTags, credentialsOf, lists, minutesLeft, named, tooLarge } from '#test/sdk/federation.ts';
import { newAccount } from '#test/sdk/people.ts';
import { ASSUME, AWS, denied, expired, invalid, saml } from '#test/sdk/saml-federation.ts';

test('a signed assertion, or a signed response, leads into a role', async (t) => {
  const { c, key, PrincipalArn, RoleArn, assertion, response, assume } = await saml(t);
  const made = await assume(response());
  // Whoever sends it: a signature of AWS's changes nothing.
  const input = { RoleArn, PrincipalArn, SAMLAssertion: response() };
  await c.client(sts.STSClient).send(new sts.AssumeRoleWithSAMLCommand(input));
  assert.equal(made.AssumedRoleUser?.Arn, `arn:aws:sts::${c.account}:assumed-role/guest/ann@corp`);
  assert.deepEqual(
    [made.Subject, made.SubjectType, made.Issuer, made.Audience],
    ['ann', 'persistent', ENTITY, SIGN_IN],
  );
  const qualifier = createHash('sha1').update(`${ENTITY}${c.account}/corp`).digest('base64');
  assert.equal(made.NameQualifier, qualifier);
  assert.equal(minutesLeft(c, made.Credentials), 60);
  await lists(c, credentialsOf(made.Credentials));
  const sha512 = {
    signature: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512',
    digest: 'http://www.w3.org/2001/04/xmlenc#sha512',
  };
  await assume(base64(signedText(responseText(assertion()), key, sha512)));
  await assume(base64(signedText(responseText(assertion()), key, { element: 'Response' })));
  const both = signedText(signedText(responseText(assertion()), key), key, { element: 'Response' });
  await assume(base64(both));
  await assume(`${response().slice(0, 76)}\r\n${response().slice(76)}`);
  const regional = await assume(
    response({ recipient: 'https://eu-west-1.signin.aws.amazon.com/saml', audience: SIGN_IN }),
  );
  assert.equal(regional.Audience, 'https://eu-west-1.signin.aws.amazon.com/saml');
  const email = await assume(response({ format: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress' }));
  assert.equal(email.SubjectType, 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress');
  await assert.rejects(
    assume(response(), { PrincipalArn: `${PrincipalArn}-else` }),
    invalid(/^Specified provider doesn't exist$/),
  );
});

test('what an assertion must say', async (t) => {
  const { c, PrincipalArn, RoleArn, response, assertion, assume, update, key } = await saml(t);
  const now = c.clock.now();
  const rejects = (options: Partial<AssertionOptions>, error: ReturnType<typeof named>) =>
    assert.rejects(assume(response(options)), error, JSON.stringify(options));
  await rejects({ issuer: 'https://evil.example' }, invalid(/^Issuer not present in specified provider$/));
  await rejects({ issuedAt: now - minutes(5) }, expired);
  await rejects({ notOnOrAfter: now - 1 }, expired);
  await rejects({ issuedAt: now + minutes(6) }, invalid());
  await rejects({ notBefore: now + minutes(6) }, invalid());
  await rejects({ audience: 'https://other.example' }, invalid(/Audience/));
  await rejects({ recipient: 'https://evil.example/saml' }, invalid(/Recipient/));
  await rejects({ recipient: 'https://signin.aws.amazon.com.evil.example/saml' }, invalid(/Recipient/));
  await rejects({ recipient: `${SIGN_IN}/acs/SAMLSPANOTHER` }, invalid(/Recipient/));
  const incomplete = invalid(/^Responses must contain SubjectConfirmatonData with a Recipient and NotOnOrAfter$/);
  const whole = responseText(assertion());
  for (const part of [/ Recipient="[^"]*"/, / NotOnOrAfter="[^"]*"(?= Recipient)/]) {
    await assert.rejects(assume(base64(signedText(whole.replace(part, ''), key))), incomplete);
  }
  await rejects({ confirmations: 0 }, invalid(/SubjectConfirmation/));
  await rejects({ confirmations: 2 }, invalid(/SubjectConfirmation/));
  await rejects({ nameId: '' }, denied);
  await rejects({ nameId: 'x'.repeat(1025) }, invalid(/NameID/));
  const other = invalid(/^SAML Assertion doesn't contain the requested Role and Metadata in the attributes$/);
  await rejects({ attributes: { [`${AWS}Role`]: undefined } }, other);
  await rejects({ role: `${RoleArn}-else` }, other);
  await rejects({ provider: `${PrincipalArn}-else` }, other);
  await rejects(
    { attributes: { [`${AWS}RoleSessionName`]: undefined } },
    invalid(/^RoleSessionName is required in AuthnResponse$/),
  );
  await rejects(
    { attributes: { [`${AWS}RoleSessionName`]: ['Ann Smith'] } },
    invalid(/^RoleSessionName in AuthnResponse must match \[a-zA-Z_0-9\+=,\.@-\]\{2,64\}$/),
  );
  await rejects({ attributes: { [`${AWS}SourceIdentity`]: ['aws:ann'] } }, invalid(/^Source Identity must match/));
  await rejects({ attributes: { [`${AWS}SessionDuration`]: ['60'] } }, invalid());
  await rejects({ attributes: { [`${AWS}PrincipalTag:Team`]: ['blue', 'red'] } }, invalid());
  await assume(response({ attributes: { [`${AWS}Role`]: [`${PrincipalArn}, ${RoleArn}`, 'x', 'a,b'] } }));

  // A key of another kind stands beside one that counts.
  await update({ SAMLMetadataDocument: metadata([ecIdpKey(), key]) });
  await assume(response());

  await update({ SAMLMetadataDocument: metadata([key], { validUntil: new Date(now + seconds(30)).toISOString() }) });
  await assume(response());
  c.advance(seconds(30));
  await assert.rejects(assume(response()), invalid(/expired/));
});

test('a provider of another account vouches for nobody here, whatever the trust policy says', async (t) => {
  const { c, key, RoleArn, assertion, assume } = await saml(t);
  const credentials = await newAccount(c, '210987654321');
  const { SAMLProviderArn: foreign = '' } = await c
    .client(iam.IAMClient, { credentials })
    .send(new iam.CreateSAMLProviderCommand({ Name: 'corp', SAMLMetadataDocument: metadata([key]) }));
  const statement = { Effect: 'Allow', Principal: { AWS: '*' }, Action: ASSUME };
  const policy = { RoleName: 'guest', PolicyDocument: document(statement) };
  await c.client(iam.IAMClient).send(new iam.UpdateAssumeRolePolicyCommand(policy));
  const response = base64(signedText(responseText(assertion({ provider: foreign })), key));
  await assert.rejects(assume(response, { PrincipalArn: foreign, RoleArn }), denied);
  await assume(base64(signedText(responseText(assertion()), key)));
});

test('how long a session lasts', async (t) => {
  const { c, response, assume } = await saml(t);
  const lasts = async (options: Partial<AssertionOptions>, DurationSeconds?: number): Promise<number> => {
    const input = DurationSeconds === undefined ? {} : { DurationSeconds };
    const { Credentials: given } = await assume(response(options), input);
    return minutesLeft(c, given);
  };
  const duration = (value: string) => ({ attributes: { [`${AWS}SessionDuration`]: [value] } });
  assert.equal(await lasts({}), 60);
  assert.equal(await lasts({}, 1800), 30);
  assert.equal(await lasts(duration('1200')), 20);
  assert.equal(await lasts(duration('43200')), 60, 'it can only shorten');
  const end = { sessionNotOnOrAfter: c.clock.now() + minutes(10) };
  assert.equal(await lasts(end), 10);
  assert.equal(await lasts({ ...end, ...duration('1200') }), 10);
  await assert.rejects(lasts({ sessionNotOnOrAfter: c.clock.now() - 1 }), expired);
  await assert.rejects(lasts({}, 7200), named('ValidationError', /exceeds the MaxSessionDuration/));
});

test('trust policies and sessions know the assertion', async (t) => {
  const { c, PrincipalArn, trust, response, assume } = await saml(t);
  const eduPerson = 'urn:oid:1.3.6.1.4.1.5923.1.1.1.';
  const attributes = {
    [`${eduPerson}1`]: ['staff', 'faculty'],
    'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress': ['ann@corp.example'],
    [`${AWS}PrincipalTag:Team`]: ['blue'],
    [`${AWS}TransitiveTagKeys`]: ['Team'],
    [`${AWS}SourceIdentity`]: ['ann'],
  };
  const all = [ASSUME, 'sts:TagSession', 'sts:SetSourceIdentity'];
  await assert.rejects(assume(response({ attributes })), named('AccessDenied', /sts:TagSession$/));
  for (const [good, bad] of [
    [{ StringEquals: { 'saml:aud': SIGN_IN } }, { StringEquals: { 'saml:aud': 'else' } }],
    [{ StringEquals: { 'saml:iss': ENTITY } }, { StringEquals: { 'saml:iss': 'else' } }],
    [{ StringEquals: { 'saml:sub': 'ann', 'saml:sub_type': 'persistent' } }, { StringEquals: { 'saml:sub': 'eve' } }],
    [{ StringEquals: { 'saml:doc': `${c.account}/corp` } }, { StringEquals: { 'saml:doc': 'else' } }],
    [{ StringEquals: { 'saml:mail': 'ann@corp.example' } }, { StringEquals: { 'saml:mail': 'eve@corp.example' } }],
    [
      { 'ForAnyValue:StringEquals': { 'saml:eduPersonAffiliation': 'staff' } },
      { 'ForAnyValue:StringEquals': { 'saml:eduPersonAffiliation': 'student' } },
    ],
    [{ StringEquals: { 'aws:RequestTag/Team': 'blue' } }, { StringEquals: { 'aws:RequestTag/Team': 'red' } }],
    [{ StringEquals: { 'sts:RoleSessionName': 'ann@corp' } }, { StringEquals: { 'sts:RoleSessionName': 'eve' } }],
    [{ StringEquals: { 'sts:SourceIdentity': 'ann' } }, { StringEquals: { 'sts:SourceIdentity': 'eve' } }],
  ]) {
    await trust(good, all);
    await assume(response({ attributes }));
    await trust(bad, all);
    await assert.rejects(assume(response({ attributes })), denied, JSON.stringify(bad));
  }
  await trust(undefined, all);
  const made = await assume(response({ attributes }));
  assert.equal(made.SourceIdentity, 'ann');
  const big = Object.fromEntries(bigTags().map(({ Key, Value = '' }) => [`${AWS}PrincipalTag:${Key}`, [Value]]));
  await assert.rejects(assume(response({ attributes: { ...attributes, ...big } })), tooLarge);
  const session = credentialsOf(made.Credentials);
  const admin = c.client(iam.IAMClient);
  for (const [key, value, isAllowed] of [
    ['aws:PrincipalTag/Team', 'blue', true],
    ['saml:sub', 'ann', true],
    ['saml:sub', 'eve', false],
    ['saml:namequalifier', made.NameQualifier, true],
    ['aws:FederatedProvider', PrincipalArn, true],
    ['saml:mail', 'ann@corp.example', false],
  ] as const) {
    const statement = {
      Effect: 'Allow',
      Action: 'sqs:*',
      Resource: '*',
      Condition: { StringEquals: { [key]: value } },
    };
    const policy = { RoleName: 'guest', PolicyName: 'own', PolicyDocument: document(statement) };
    await admin.send(new iam.PutRolePolicyCommand(policy));
    if (isAllowed) await lists(c, session);
    else await assert.rejects(lists(c, session), named('AccessDenied'), key);
  }
});

test('encrypted assertions', async (t) => {
  const { c, key, PrincipalArn, assertion, assume, update } = await saml(t);
  const pair = (): KeyObject => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const [own, other] = [pair(), pair()];
  const pem = own.export({ type: 'pkcs8', format: 'pem' }).toString();
  const signed = signedText(assertion(), key);
  const response = (text: string, privateKey = own, hash: 'sha1' | 'sha256' = 'sha1') =>
    responseText(encryptedText(text, privateKey, hash));
  const unreadable = invalid(/^Unable to decrypt the SAML assertion$/);
  await assert.rejects(assume(base64(response(signed))), unreadable, 'no key yet');
  await update({ AddPrivateKey: pair().export({ type: 'pkcs8', format: 'pem' }).toString() });
  await update({ AddPrivateKey: pem, AssertionEncryptionMode: 'Allowed' });
  assert.equal((await assume(base64(response(signed)))).Subject, 'ann');
  await assume(base64(response(signed, own, 'sha256')));
  await assume(base64(signedText(response(assertion()), key, { element: 'Response' })));
  await assume(base64(signedText(responseText(assertion()), key)));
  // What a ciphertext of nobody's has inside is not told, or it could be read by altering it.
  const inside = [assertion(), signedText(assertion(), idpKey()), '<saml:Assertion', '<a/>', 'text'];
  for (const text of inside) await assert.rejects(assume(base64(response(text))), unreadable, text);
  await assert.rejects(assume(base64(response(signed, other))), unreadable);
  const altered = response(signed).replace(
    /(CipherValue>[^<]{300})(.)/g,
    (_, head: string, next: string) => head + (next === 'A' ? 'B' : 'A'),
  );
  await assert.rejects(assume(base64(altered)), unreadable);
  // A key alone that does not unwrap, and a way of wrapping that can be made to unwrap for others.
  const cutKey = response(signed).replace(/(CipherValue>)([^<]{4})/, (_, head: string) => `${head}AAAA`);
  await assert.rejects(assume(base64(cutKey)), unreadable);
  await assert.rejects(assume(base64(response(signed).replace('rsa-oaep-mgf1p', 'rsa-1_5'))), unreadable);
  await update({ AssertionEncryptionMode: 'Required' });
  await assert.rejects(assume(base64(signedText(responseText(assertion()), key))), invalid(/must be encrypted/));
  const { SAMLProviderUUID } = await c
    .client(iam.IAMClient)
    .send(new iam.GetSAMLProviderCommand({ SAMLProviderArn: PrincipalArn }));
  const recipient = `${SIGN_IN}/acs/${SAMLProviderUUID}`;
  const made = await assume(base64(response(signedText(assertion({ recipient }), key))));
  assert.equal(made.Audience, recipient);
});
