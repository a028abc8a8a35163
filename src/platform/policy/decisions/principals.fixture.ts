/** Principal and NotPrincipal; services, anonymous callers, trust policies and the keys against confused deputies. */
import {
  allow,
  allowTo,
  BOB,
  deny,
  denyTo,
  FEDERATED,
  OTHER,
  type Outcome,
  OWN,
  ROLE,
  type Row,
  SESSION,
} from '#platform/policy/decisions/row.fixture.ts';

/** Deny with NotPrincipal: excepted is who is listed by each of its names. The caller would be allowed otherwise. */
const EXCEPTIONS: readonly (readonly [who: Row['who'], listed: unknown, outcome: Outcome])[] = [
  ['bob', { AWS: BOB }, 'denied by resource'],
  ['bob', { AWS: [OWN, BOB] }, 'allowed'],
  ['bob', { AWS: [`arn:aws:iam::${OWN}:root`, BOB] }, 'allowed'],
  ['bob', { AWS: OWN }, 'denied by resource'],
  ['bob', { AWS: [OTHER, BOB] }, 'denied by resource'],
  ['bob', '*', 'allowed'],
  ['role', { AWS: [OWN, ROLE] }, 'denied by resource'],
  ['role', { AWS: [OWN, SESSION] }, 'denied by resource'],
  ['role', { AWS: [OWN, ROLE, SESSION] }, 'allowed'],
  ['fred', { AWS: [OWN, BOB, FEDERATED] }, 'allowed'],
  ['fred', { AWS: [OWN, FEDERATED] }, 'denied by resource'],
  ['root', { AWS: OWN }, 'allowed'],
  ['root', { AWS: BOB }, 'denied by resource'],
  ['sns', { Service: 'sns.amazonaws.com' }, 'allowed'],
  ['sns', { Service: 's3.amazonaws.com' }, 'denied by resource'],
  ['nobody', { AWS: OWN }, 'denied by resource'],
];

const exceptions: readonly Row[] = EXCEPTIONS.map(([who, NotPrincipal, outcome]) => ({
  rule: 'all but those who are listed by each of their names',
  page: 'notPrincipal',
  who,
  identity: allow(),
  session: allow(),
  policy: [allowTo('*'), deny({ NotPrincipal })],
  outcome,
}));

/** Allow with NotPrincipal lets in everyone else, "including anonymous (unauthenticated) users". */
const OTHERS: readonly (readonly [who: Row['who'], listed: unknown, outcome: Outcome])[] = [
  ['bob', { AWS: BOB }, 'not allowed by identity'],
  ['bob', { AWS: OWN }, 'not allowed by identity'],
  ['bob', { AWS: OTHER }, 'allowed'],
  ['role', { AWS: ROLE }, 'not allowed by identity'],
  ['role', { AWS: BOB }, 'allowed'],
  ['nobody', { AWS: BOB }, 'allowed'],
  ['sns', { Service: 'sns.amazonaws.com' }, 'not allowed by resource'],
  ['sns', { Service: 's3.amazonaws.com' }, 'allowed'],
];

const others: readonly Row[] = OTHERS.map(([who, NotPrincipal, outcome]) => ({
  rule: 'everyone but those listed',
  page: 'notPrincipal',
  who,
  policy: allow({ NotPrincipal }),
  outcome,
}));

/** Whom a Deny with Principal reaches: by any of the caller's names. */
const DENIED: readonly (readonly [who: Row['who'], named: unknown, outcome: Outcome])[] = [
  ['bob', { AWS: OWN }, 'denied by resource'],
  ['bob', { AWS: BOB }, 'denied by resource'],
  ['bob', { AWS: OTHER }, 'allowed'],
  ['bob', '*', 'denied by resource'],
  ['role', { AWS: ROLE }, 'denied by resource'],
  ['role', { AWS: SESSION }, 'denied by resource'],
  ['role', { AWS: OWN }, 'denied by resource'],
  ['role', { AWS: BOB }, 'allowed'],
  ['fred', { AWS: BOB }, 'denied by resource'],
  ['fred', { AWS: FEDERATED }, 'denied by resource'],
  ['root', { AWS: OWN }, 'denied by resource'],
  ['root', { AWS: BOB }, 'allowed'],
  ['sns', { Service: '*' }, 'denied by resource'],
  ['nobody', '*', 'denied by resource'],
];

const denied: readonly Row[] = DENIED.map(([who, named, outcome]) => ({
  rule: 'a deny reaches a caller by any name',
  page: 'principal',
  who,
  policy: [allowTo('*'), denyTo(named)],
  outcome,
}));

const TOPIC = `arn:aws:sns:us-east-1:${OWN}:news`;
const toSns = (Condition: object) => allowTo({ Service: 'sns.amazonaws.com' }, { Condition });

const services: readonly Row[] = [
  { rule: 'a service needs the resource’s policy', page: 'principal', who: 'sns', outcome: 'not allowed by resource' },
  {
    rule: 'a service that is named',
    ...{ page: 'principal', who: 'sns', policy: allowTo({ Service: 'sns.amazonaws.com' }), outcome: 'allowed' },
  },
  {
    rule: 'another service is named',
    ...{
      page: 'principal',
      who: 'sns',
      policy: allowTo({ Service: 's3.amazonaws.com' }),
      outcome: 'not allowed by resource',
    },
  },
  {
    rule: 'an account is no service',
    page: 'principal',
    who: 'sns',
    policy: allowTo({ AWS: OWN }),
    outcome: 'not allowed by resource',
  },
  {
    rule: 'the service acts for the resource that is meant',
    ...{ page: 'deputy', who: 'sns', policy: toSns({ ArnLike: { 'aws:SourceArn': TOPIC } }) },
    keys: { 'aws:sourcearn': TOPIC },
    outcome: 'allowed',
  },
  {
    rule: 'the service was sent by another’s resource',
    ...{ page: 'deputy', who: 'sns', policy: toSns({ ArnLike: { 'aws:SourceArn': TOPIC } }) },
    keys: { 'aws:sourcearn': `arn:aws:sns:us-east-1:${OTHER}:news` },
    outcome: 'not allowed by resource',
  },
  {
    rule: 'a wildcard for the resource that is meant',
    ...{ page: 'deputy', who: 'sns', policy: toSns({ ArnLike: { 'aws:SourceArn': `arn:aws:sns:*:${OWN}:*` } }) },
    keys: { 'aws:sourcearn': TOPIC },
    outcome: 'allowed',
  },
  {
    rule: 'the account that the service acts for',
    ...{ page: 'deputy', who: 'sns', policy: toSns({ StringEquals: { 'aws:SourceAccount': OWN } }) },
    keys: { 'aws:sourceaccount': OWN },
    outcome: 'allowed',
  },
  {
    rule: 'another account that the service acts for',
    ...{ page: 'deputy', who: 'sns', policy: toSns({ StringEquals: { 'aws:SourceAccount': OWN } }) },
    keys: { 'aws:sourceaccount': OTHER },
    outcome: 'not allowed by resource',
  },
  {
    rule: 'a service that does not say for whom',
    ...{
      page: 'deputy',
      who: 'sns',
      policy: toSns({ StringEquals: { 'aws:SourceAccount': OWN } }),
      outcome: 'not allowed by resource',
    },
  },
  {
    rule: 'the organization that the service acts for',
    ...{ page: 'deputy', who: 'sns', policy: toSns({ StringEquals: { 'aws:SourceOrgID': 'o-mine' } }) },
    keys: { 'aws:sourceorgid': 'o-mine' },
    outcome: 'allowed',
  },
  {
    rule: 'a service that calls for a user carries the user’s rights',
    ...{
      page: 'keys',
      who: 'bob',
      identity: allow({ Condition: { 'ForAnyValue:StringEquals': { 'aws:CalledVia': 'athena.amazonaws.com' } } }),
    },
    keys: { 'aws:calledvia': ['athena.amazonaws.com', 'kms.amazonaws.com'] },
    outcome: 'allowed',
  },
  { rule: 'nobody is everyone', page: 'principal', who: 'nobody', policy: allowTo('*'), outcome: 'allowed' },
  {
    rule: 'nobody is no account',
    page: 'principal',
    who: 'nobody',
    policy: allowTo({ AWS: OWN }),
    outcome: 'not allowed by resource',
  },
  { rule: 'nobody has policies', page: 'within', who: 'nobody', identity: allow(), outcome: 'not allowed by resource' },
  {
    rule: 'everyone, from one address',
    ...{
      page: 'principal',
      who: 'nobody',
      policy: allowTo('*', { Condition: { IpAddress: { 'aws:SourceIp': '192.0.2.0/24' } } }),
    },
    keys: { 'aws:sourceip': '192.0.3.1' },
    outcome: 'not allowed by resource',
  },
];

const assume = { action: 'sts:AssumeRole', resource: ROLE } as const;
const trusted = (Principal: object, more: object = {}) => ({ Effect: 'Allow', Action: 'sts:*', Principal, ...more });

const trust: readonly Row[] = [
  {
    rule: 'a trusted service',
    page: 'principal',
    who: 'sns',
    ...assume,
    trust: trusted({ Service: 'sns.amazonaws.com' }),
    outcome: 'allowed',
  },
  {
    rule: 'a trusted user',
    page: 'principal',
    who: 'bob',
    ...assume,
    trust: trusted({ AWS: BOB }),
    outcome: 'allowed',
  },
  {
    rule: 'a trusted account’s user without a policy',
    ...{ page: 'principal', who: 'bob', ...assume, trust: trusted({ AWS: OWN }), outcome: 'not allowed by identity' },
  },
  {
    rule: 'a trusted account’s user with one',
    ...{
      page: 'principal',
      who: 'bob',
      ...assume,
      identity: allow({ Action: 'sts:AssumeRole' }),
      trust: trusted({ AWS: OWN }),
    },
    outcome: 'allowed',
  },
  {
    rule: 'a policy without trust',
    ...{ page: 'across', who: 'bob', ...assume, identity: allow({ Action: 'sts:*' }), trust: trusted({ AWS: OTHER }) },
    outcome: 'not allowed by trust',
  },
  {
    rule: 'another account’s role trusts the user, its own account does not',
    ...{
      page: 'across',
      who: 'bob',
      ...assume,
      account: OTHER,
      trust: trusted({ AWS: BOB }),
      outcome: 'not allowed by identity',
    },
  },
  {
    rule: 'an external id that fits',
    ...{ page: 'deputy', who: 'bob', ...assume, keys: { 'sts:externalid': 'x1' } },
    trust: trusted({ AWS: BOB }, { Condition: { StringEquals: { 'sts:ExternalId': 'x1' } } }),
    outcome: 'allowed',
  },
  {
    rule: 'no external id',
    ...{ page: 'deputy', who: 'bob', ...assume },
    trust: trusted({ AWS: BOB }, { Condition: { StringEquals: { 'sts:ExternalId': 'x1' } } }),
    outcome: 'not allowed by trust',
  },
  {
    rule: 'a trusted identity provider',
    ...{ page: 'principal', who: 'google', ...assume },
    trust: trusted({ Federated: 'accounts.google.com' }),
    outcome: 'allowed',
  },
  {
    rule: 'another identity provider',
    ...{ page: 'principal', who: 'facebook', ...assume },
    trust: trusted({ Federated: 'accounts.google.com' }),
    outcome: 'not allowed by trust',
  },
  {
    rule: 'a token’s audience',
    ...{
      page: 'principal',
      who: 'google',
      ...assume,
      keys: { 'accounts.google.com:aud': 'b' },
    },
    trust: trusted(
      { Federated: 'accounts.google.com' },
      { Condition: { StringEquals: { 'accounts.google.com:aud': 'a' } } },
    ),
    outcome: 'not allowed by trust',
  },
];

export const principalRows: readonly Row[] = [...exceptions, ...others, ...denied, ...services, ...trust];
