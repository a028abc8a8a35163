/**
 * The keys by which a resource's policy knows for whom a service acts, and to whose organization a caller belongs ("The confused
 * deputy problem", "AWS global condition context keys"). Each condition stands on an Allow, and turned round on a Deny beside one.
 */
import {
  allow,
  allowTo,
  deny,
  denyTo,
  OTHER,
  OWN,
  ROLE,
  type Row,
  SESSION,
} from '#platform/policy/decisions/row.fixture.ts';

const TOPIC = `arn:aws:sns:us-east-1:${OWN}:news`;
const THEIRS = `arn:aws:sns:us-east-1:${OTHER}:news`;
const PATHS = ['o-mine/r-root/ou-root-work/', 'o-mine/r-root/ou-root-work/ou-work-day/'];

type Line = readonly [rule: string, condition: object, keys: Row['keys'], holds: boolean];

const byArn = { ArnLike: { 'aws:SourceArn': `arn:aws:sns:*:${OWN}:*` }, StringEquals: { 'aws:SourceAccount': OWN } };
const byPath = { 'ForAnyValue:StringLike': { 'aws:SourceOrgPaths': 'o-mine/r-root/ou-root-work/*' } };

/** Of a service that calls for a resource. */
const SOURCES: readonly Line[] = [
  ['resource and account', byArn, { 'aws:sourcearn': TOPIC, 'aws:sourceaccount': OWN }, true],
  ['the account alone', byArn, { 'aws:sourceaccount': OWN }, false],
  ['the resource alone', byArn, { 'aws:sourcearn': TOPIC }, false],
  ['another’s resource, own account', byArn, { 'aws:sourcearn': THEIRS, 'aws:sourceaccount': OWN }, false],
  ['own resource, another account', byArn, { 'aws:sourcearn': TOPIC, 'aws:sourceaccount': OTHER }, false],
  ['an ARN that is exact', { ArnEquals: { 'aws:SourceArn': TOPIC } }, { 'aws:sourcearn': TOPIC }, true],
  ['an ARN that is no pattern', { StringEquals: { 'aws:SourceArn': `${TOPIC}*` } }, { 'aws:sourcearn': TOPIC }, false],
  [
    'a wildcard in one part of an ARN',
    { ArnLike: { 'aws:SourceArn': 'arn:aws:sns:*:news' } },
    { 'aws:sourcearn': TOPIC },
    false,
  ],
  ['the organization', { StringEquals: { 'aws:SourceOrgID': 'o-mine' } }, { 'aws:sourceorgid': 'o-mine' }, true],
  ['another organization', { StringEquals: { 'aws:SourceOrgID': 'o-mine' } }, { 'aws:sourceorgid': 'o-it' }, false],
  ['no organization', { StringEquals: { 'aws:SourceOrgID': 'o-mine' } }, {}, false],
  ['a unit of the organization', byPath, { 'aws:sourceorgpaths': PATHS }, true],
  ['another unit', byPath, { 'aws:sourceorgpaths': ['o-mine/r-root/ou-root-play/'] }, false],
  ['no unit', byPath, {}, false],
  ['a service', { Bool: { 'aws:PrincipalIsAWSService': 'true' } }, { 'aws:principalisawsservice': 'true' }, true],
  ['no service', { Bool: { 'aws:PrincipalIsAWSService': 'true' } }, { 'aws:principalisawsservice': 'false' }, false],
];

const inPath = { 'ForAnyValue:StringLike': { 'aws:PrincipalOrgPaths': 'o-mine/*' } };
const ofRole = { ArnEquals: { 'aws:PrincipalArn': ROLE } };

/** Of a caller from anywhere. */
const CALLERS: readonly Line[] = [
  ['its organization', { StringEquals: { 'aws:PrincipalOrgID': 'o-mine' } }, { 'aws:principalorgid': 'o-mine' }, true],
  ['another’s', { StringEquals: { 'aws:PrincipalOrgID': 'o-mine' } }, { 'aws:principalorgid': 'o-it' }, false],
  ['nobody’s', { StringEquals: { 'aws:PrincipalOrgID': 'o-mine' } }, {}, false],
  ['a unit of it', inPath, { 'aws:principalorgpaths': PATHS }, true],
  ['no unit of it', inPath, { 'aws:principalorgpaths': ['o-it/r-root/'] }, false],
  ['its account', { StringEquals: { 'aws:PrincipalAccount': OWN } }, { 'aws:principalaccount': OWN }, true],
  ['not its account', { StringEquals: { 'aws:PrincipalAccount': OTHER } }, { 'aws:principalaccount': OWN }, false],
  ['its role, not its session', ofRole, { 'aws:principalarn': ROLE }, true],
  [
    'a session’s ARN is not aws:PrincipalArn',
    { ArnEquals: { 'aws:PrincipalArn': SESSION } },
    { 'aws:principalarn': ROLE },
    false,
  ],
  ['by way of a service', { Bool: { 'aws:ViaAWSService': 'true' } }, { 'aws:viaawsservice': 'true' }, true],
  ['by itself', { Bool: { 'aws:ViaAWSService': 'true' } }, { 'aws:viaawsservice': 'false' }, false],
  [
    'first by that service',
    { StringEquals: { 'aws:CalledViaFirst': 'a.amazonaws.com' } },
    { 'aws:calledviafirst': 'a.amazonaws.com' },
    true,
  ],
  [
    'last by another',
    { StringEquals: { 'aws:CalledViaLast': 'a.amazonaws.com' } },
    { 'aws:calledvialast': 'b.amazonaws.com' },
    false,
  ],
];

/** As an Allow; and as the Deny of whoever it does not hold for, which is as AWS writes it: with a negated operator. */
function rowsOf([rule, condition, keys, holds]: Line, who: 'sns' | 'role', where: Partial<Row>): Row[] {
  const Principal = who === 'sns' ? { Service: 'sns.amazonaws.com' } : '*';
  const refusal = who === 'role' && where.account === undefined ? 'not allowed by identity' : 'not allowed by resource';
  const about = { rule, page: who === 'sns' ? 'deputy' : 'keys', who, keys: keys ?? {}, ...where } as const;
  return [
    {
      ...about,
      policy: allowTo(Principal, { Condition: condition }),
      outcome: holds ? 'allowed' : refusal,
    },
    {
      ...about,
      rule: `${rule}, denied`,
      policy: [allowTo(Principal), denyTo('*', { Condition: condition })],
      outcome: holds ? 'denied by resource' : 'allowed',
    },
  ];
}

/** A role's session asks for another account's resource: its own account must allow, and every limit of it holds. */
const ACROSS: readonly Row[] = [
  ['by the role', { AWS: ROLE }],
  ['by the session', { AWS: SESSION }],
  ['by the account', { AWS: OWN }],
].flatMap(([rule, named]): Row[] => {
  const all = { page: 'across', who: 'role', account: OTHER, policy: allowTo(named), identity: allow() } as const;
  const part = (what: string) => `${String(rule)}, ${what}`;
  return [
    { ...all, rule: part('and allowed'), outcome: 'allowed' },
    { ...all, rule: part('its policy denies'), identity: [allow(), deny()], outcome: 'denied by identity' } as Row,
    { ...all, rule: part('its session denies'), session: [allow(), deny()], outcome: 'denied by session' },
    { ...all, rule: part('its boundary denies'), boundary: [allow(), deny()], outcome: 'denied by boundary' },
    {
      ...all,
      rule: part('the other account denies it'),
      policy: [allowTo(named), denyTo({ AWS: ROLE })],
      outcome: 'denied by resource',
    },
    {
      ...all,
      rule: part('the other account denies all but others'),
      policy: [allowTo(named), deny({ NotPrincipal: { AWS: [OWN, ROLE] } })],
      outcome: 'denied by resource',
    },
    {
      ...all,
      rule: part('and is excepted by all of its names'),
      policy: [allowTo(named), deny({ NotPrincipal: { AWS: [OWN, ROLE, SESSION] } })],
      outcome: 'allowed',
    },
    { ...all, rule: part('an SCP of its account'), scp: [[allow(), deny()]], outcome: 'denied by service-control' },
    {
      ...all,
      rule: part('an RCP of the other account'),
      rcp: [[allowTo('*'), denyTo('*')]],
      outcome: 'denied by resource-control',
    },
  ];
});

export const deputyRows: readonly Row[] = [
  ...SOURCES.flatMap((line) => rowsOf(line, 'sns', {})),
  ...CALLERS.flatMap((line) => rowsOf(line, 'role', {})),
  ...CALLERS.flatMap((line) => rowsOf(line, 'role', { account: OTHER, identity: allow() })),
  ...ACROSS,
];
