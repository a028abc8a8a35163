/**
 * Grants, which a service keeps beside a resource (KMS): "When authorizing access to a KMS key, grants are considered along with key
 * policies and IAM policies." The key's policy names somebody else, so all that opens here is the grant. Lines as in accounts.fixture.ts.
 */
import { type Line, rowsOf, UNNAMED } from '#platform/policy/decisions/accounts.fixture.ts';
import {
  ACTION,
  allow,
  allowTo,
  BOB,
  deny,
  denyTo,
  FEDERATED,
  OTHER,
  OWN,
  ROLE,
  type Row,
  SESSION,
  silent,
} from '#platform/policy/decisions/row.fixture.ts';

const ACCOUNT = `arn:aws:iam::${OWN}:root`;
const ELSE = 'sqs:ReceiveMessage';

/** Whom the grant names, in place of whom a policy names. */
const NAMED: readonly Line[] = [
  ['bob', BOB, 'AAAA AAAA', 'grants', 'a grant to a user needs no policy at all'],
  ['bob', 'AIDABOB0000000000', 'AAAA AAAA', 'grants', 'to its unique id'],
  ['bob', ACCOUNT, 'iiii Absb', 'grants', 'to its account: identity policies hand it on'],
  ['bob', `arn:aws:iam::${OWN}:user/alice`, 'rrrr rrrr', 'grants', 'to another user'],
  ['bob', ROLE, 'rrrr rrrr', 'grants', 'to a role'],
  ['bob', 'sns.amazonaws.com', 'rrrr rrrr', 'grants', 'to a service'],
  ['role', SESSION, 'AAAA AAAA', 'grants', 'a grant to a session'],
  ['role', ROLE, 'Absb Absb', 'grants', 'to its role: boundary and session policy limit it'],
  ['role', 'AROAWORK000000000', 'Absb Absb', 'grants', 'to the role’s unique id'],
  ['role', ACCOUNT, 'iiii Absb', 'grants', 'to the role’s account'],
  ['role', `arn:aws:sts::${OWN}:assumed-role/work/tuesday`, 'rrrr rrrr', 'grants', 'to another session of the role'],
  ['fred', FEDERATED, 'AAAA AAAA', 'grants', 'a grant to a federated user'],
  ['fred', BOB, 'sbsb sbsb', 'grants', 'to its user: the session policy that there must be is missing'],
  ['fred', ACCOUNT, 'iiii sbsb', 'grants', 'to its account'],
];

const granted = ([who, named, ...line]: Line, more: Partial<Row>): Row[] =>
  // The lines of this table name one principal by its ARN, its id or its service.
  rowsOf([who, undefined, ...line], {
    ...{ required: true, policy: allowTo(UNNAMED), grants: [[String(named), ACTION]] },
    ...more,
  });

const toBob: Pick<Row, 'page' | 'who' | 'required' | 'policy' | 'grants'> = {
  ...{ page: 'grants', who: 'bob', required: true, policy: allowTo(UNNAMED) },
  grants: [[BOB, ACTION]],
};
const anyone = allowTo('*');

const single: readonly Row[] = [
  { ...toBob, rule: 'a grant gives its operations alone', action: ELSE, outcome: 'not allowed by resource' },
  {
    ...toBob,
    rule: 'each of several gives its own',
    ...{ action: ELSE, outcome: 'allowed' },
    grants: [
      [BOB, ACTION],
      [BOB, ELSE],
    ],
  },
  {
    ...toBob,
    rule: 'of several the farthest reaches',
    grants: [
      [ACCOUNT, ACTION],
      [BOB, ACTION],
    ],
    outcome: 'allowed',
  },
  { ...toBob, rule: 'a grant can’t overrule a deny', identity: deny(), outcome: 'denied by identity' },
  { ...toBob, rule: 'nor one of a boundary', boundary: deny(), outcome: 'denied by boundary' },
  {
    ...toBob,
    rule: 'nor one of the key’s policy',
    policy: [anyone, denyTo({ AWS: BOB })],
    outcome: 'denied by resource',
  },
  { ...toBob, rule: 'nor one of an SCP', scp: [[allow(), deny()]], outcome: 'denied by service-control' },
  { ...toBob, rule: 'nor one of an RCP', rcp: [[anyone, denyTo('*')]], outcome: 'denied by resource-control' },
  { ...toBob, rule: 'nor one of the endpoint', endpoint: [anyone, denyTo('*')], outcome: 'denied by endpoint' },
  { ...toBob, rule: 'an SCP must allow it', scp: [silent], outcome: 'not allowed by service-control' },
  { ...toBob, rule: 'an RCP must allow it', rcp: [allowTo(UNNAMED)], outcome: 'not allowed by resource-control' },
  { ...toBob, rule: 'an endpoint must let it pass', endpoint: allowTo(UNNAMED), outcome: 'not allowed by endpoint' },
  { ...toBob, rule: 'a denied session stays denied', who: 'role', session: deny(), outcome: 'denied by session' },
  { ...toBob, rule: 'the root user as its account', who: 'root', grants: [[ACCOUNT, ACTION]], outcome: 'allowed' },
  { ...toBob, rule: 'the root user is no user', who: 'root', outcome: 'not allowed by resource' },
  {
    ...toBob,
    rule: 'a service by its name',
    ...{ who: 'sns', grants: [['sns.amazonaws.com', ACTION]], outcome: 'allowed' },
  },
  {
    ...toBob,
    rule: 'another service',
    ...{ who: 'sns', grants: [['s3.amazonaws.com', ACTION]], outcome: 'not allowed by resource' },
  },
  { ...toBob, rule: 'nobody has grants', who: 'nobody', outcome: 'not allowed by resource' },
  { ...toBob, rule: 'who is vouched for has none', who: 'google', outcome: 'not allowed by resource' },
  {
    ...toBob,
    rule: 'the key’s policy is asked as well',
    ...{ policy: allowTo({ AWS: BOB }), grants: [[ROLE, ACTION]], outcome: 'allowed' },
  },
];

export const grantRows: readonly Row[] = [
  ...NAMED.flatMap((line) => granted(line, {})),
  ...NAMED.flatMap((line) => granted(line, { account: OTHER })),
  ...single,
];
