/** What takes away: explicit denies wherever they stand, boundaries, session policies, and the organization's. */
import {
  allow,
  allowTo,
  BOB,
  type CALLERS,
  deny,
  denyTo,
  FEDERATED,
  OTHER,
  OWN,
  ROLE,
  type Row,
  SESSION,
  type Statement,
  silent,
} from '#platform/policy/decisions/row.fixture.ts';

type Limited = Extract<keyof typeof CALLERS, 'bob' | 'role' | 'fred'>;

/** Allowed by everything that there is. */
const granted = (who: Limited): Pick<Row, 'who' | 'identity' | 'boundary' | 'session' | 'scp' | 'rcp' | 'policy'> => ({
  who,
  identity: allow(),
  boundary: allow(),
  session: allow(),
  scp: [allow(), allow()],
  rcp: [allowTo('*'), allowTo('*')],
  policy: allowTo({ AWS: { bob: BOB, role: SESSION, fred: FEDERATED }[who] }),
});

const both = (statement: Statement): Statement[] => [allow(), statement];

/** "An explicit deny in any policy overrides any allows", each type of policy for each kind of caller. */
const denials: readonly Row[] = (['bob', 'role', 'fred'] as const).flatMap((who): Row[] => {
  const rule = 'an explicit deny, wherever it stands';
  const all = { rule, page: 'logic' as const, ...granted(who) };
  return [
    { ...all, outcome: 'allowed' },
    { ...all, identity: both(deny()), outcome: 'denied by identity' },
    { ...all, boundary: both(deny()), outcome: 'denied by boundary' },
    { ...all, session: both(deny()), outcome: 'denied by session' },
    { ...all, scp: [allow(), [allow(), deny()]], outcome: 'denied by service-control' },
    { ...all, scp: [[allow(), deny()], allow()], outcome: 'denied by service-control' },
    { ...all, rcp: [allowTo('*'), [allowTo('*'), denyTo('*')]], outcome: 'denied by resource-control' },
    { ...all, policy: [allowTo('*'), denyTo({ AWS: OWN })], outcome: 'denied by resource' },
    { ...all, endpoint: [allowTo('*'), denyTo('*')], outcome: 'denied by endpoint' },
    { ...all, identity: both(deny({ Action: 's3:*' })), outcome: 'allowed' },
    { ...all, identity: both(deny({ Resource: 'arn:aws:sqs:*:*:other' })), outcome: 'allowed' },
    { ...all, identity: both(deny({ Condition: { Bool: { 'aws:SecureTransport': 'false' } } })), outcome: 'allowed' },
    {
      ...all,
      identity: both(deny({ Condition: { Bool: { 'aws:SecureTransport': 'false' } } })),
      keys: { 'aws:securetransport': 'false' },
      outcome: 'denied by identity',
    },
  ];
});

/** Implicit denies of the organization can't be overruled by anybody, "including the root user". */
const organization: readonly Row[] = (['bob', 'role', 'fred'] as const).flatMap((who): Row[] => {
  const all = { page: 'scp' as const, ...granted(who) };
  return [
    {
      ...all,
      rule: 'every level must allow: the root',
      scp: [silent, allow()],
      outcome: 'not allowed by service-control',
    },
    {
      ...all,
      rule: 'every level must allow: the unit',
      scp: [allow(), silent, allow()],
      outcome: 'not allowed by service-control',
    },
    {
      ...all,
      rule: 'every level must allow: the account',
      scp: [allow(), silent],
      outcome: 'not allowed by service-control',
    },
    { ...all, rule: 'one allow of a level is enough', scp: [[silent, allow()], allow()], outcome: 'allowed' },
    {
      ...all,
      rule: 'an SCP gives nothing',
      identity: silent,
      policy: allowTo({ AWS: OWN }),
      outcome: 'not allowed by identity',
    },
    {
      ...all,
      rule: 'a resource control policy has to let pass, too',
      ...{ page: 'rcp', rcp: [allowTo('*'), allowTo({ AWS: OTHER })], outcome: 'not allowed by resource-control' },
    },
  ];
});

const rest: readonly Row[] = [
  {
    rule: 'an SCP limits the root user',
    page: 'scp',
    who: 'root',
    scp: [silent],
    outcome: 'not allowed by service-control',
  },
  { rule: 'and denies it', page: 'scp', who: 'root', scp: [[allow(), deny()]], outcome: 'denied by service-control' },
  { rule: 'no SCP, no limit', page: 'scp', who: 'root', outcome: 'allowed' },
  {
    rule: 'an RCP reaches those of other accounts',
    ...{ page: 'rcp', who: 'bob', account: OTHER, identity: allow(), policy: allowTo({ AWS: OWN }) },
    rcp: [[allowTo('*'), denyTo('*', { Condition: { StringNotEquals: { 'aws:PrincipalOrgID': 'o-mine' } } })]],
    outcome: 'denied by resource-control',
  },
  {
    rule: 'and lets its own organization in',
    ...{ page: 'rcp', who: 'bob', account: OTHER, identity: allow(), policy: allowTo({ AWS: OWN }) },
    rcp: [[allowTo('*'), denyTo('*', { Condition: { StringNotEquals: { 'aws:PrincipalOrgID': 'o-mine' } } })]],
    keys: { 'aws:principalorgid': 'o-mine' },
    outcome: 'allowed',
  },
  {
    rule: 'an RCP denies a service that acts for strangers',
    ...{ page: 'rcp', who: 'sns', policy: allowTo({ Service: 'sns.amazonaws.com' }) },
    rcp: [[allowTo('*'), denyTo('*', { Condition: { StringNotEqualsIfExists: { 'aws:SourceOrgID': 'o-mine' } } })]],
    keys: { 'aws:sourceorgid': 'o-theirs' },
    outcome: 'denied by resource-control',
  },
  {
    rule: 'a boundary gives nothing',
    page: 'boundaries',
    who: 'bob',
    boundary: allow(),
    outcome: 'not allowed by identity',
  },
  {
    rule: 'what identity policy and boundary both allow',
    ...{
      page: 'boundaries',
      who: 'bob',
      identity: allow(),
      boundary: allow({ Action: 'sqs:Send*' }),
      outcome: 'allowed',
    },
  },
  {
    rule: 'what a boundary leaves out',
    ...{
      page: 'boundaries',
      who: 'bob',
      identity: allow(),
      boundary: allow({ NotAction: 'sqs:Send*', Action: undefined }),
    },
    outcome: 'not allowed by boundary',
  },
  {
    rule: 'a boundary does not hold a grant to the user’s ARN',
    ...{ page: 'boundaries', who: 'bob', boundary: silent, policy: allowTo({ AWS: BOB }), outcome: 'allowed' },
  },
  {
    rule: 'but its explicit deny does',
    ...{
      page: 'boundaries',
      who: 'bob',
      boundary: deny(),
      policy: allowTo({ AWS: BOB }),
      outcome: 'denied by boundary',
    },
  },
  {
    rule: 'a session policy gives nothing',
    ...{ page: 'sessions', who: 'role', session: allow(), outcome: 'not allowed by identity' },
  },
  {
    rule: 'a session has what its role and its policy both allow',
    ...{
      page: 'sessions',
      who: 'role',
      identity: allow(),
      session: allow({ Action: 'sqs:Send*' }),
      outcome: 'allowed',
    },
  },
  {
    rule: 'a grant to the role’s ARN counts before the session is limited',
    ...{ page: 'sessions', who: 'role', session: allow(), policy: allowTo({ AWS: ROLE }), outcome: 'allowed' },
  },
  {
    rule: 'a federated user has what its user and its session policy both allow',
    ...{ page: 'federation', who: 'fred', identity: allow(), session: allow(), outcome: 'allowed' },
  },
  {
    rule: 'and not what only the session policy allows',
    ...{ page: 'federation', who: 'fred', identity: silent, session: allow(), outcome: 'not allowed by identity' },
  },
  {
    rule: 'a VPC endpoint’s policy has to let pass',
    ...{
      page: 'endpoints',
      who: 'bob',
      identity: allow(),
      endpoint: allowTo({ AWS: OTHER }),
      outcome: 'not allowed by endpoint',
    },
  },
  {
    rule: 'a VPC endpoint’s policy gives nothing',
    ...{ page: 'endpoints', who: 'bob', identity: silent, endpoint: allowTo('*'), outcome: 'not allowed by identity' },
  },
];

export const limitRows: readonly Row[] = [...denials, ...organization, ...rest];
