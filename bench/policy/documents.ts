/** Policies of the greatest size that IAM takes (6,144 characters), in the manner of real ones. */
import { policySize } from '#platform/policy/parse.ts';

const SERVICES = ['s3', 'ec2', 'dynamodb', 'lambda', 'logs', 'sns', 'ecs', 'kms', 'cloudwatch', 'sqs'];
const VERBS = ['Get', 'List', 'Describe', 'Create', 'Put', 'Delete', 'Update', 'Tag'];
const NOUNS = [
  'Bucket',
  'Instance',
  'Table',
  'Function',
  'Group',
  'Topic',
  'Role',
  'Key',
  'Metric',
  'Queue',
  'Message',
];
const MANAGED_LIMIT = 6144;

type Statement = Readonly<Record<string, unknown>>;

/** A policy of one service: the likely case, ten teams' policies of which one speaks of the request. */
export const ofService = (index: number): string =>
  filled((at) => statementOf([SERVICES[index % SERVICES.length] ?? 's3'], index * 100 + at));

/** Each statement lists actions of five services and has wildcards: everything has to be looked at. */
export const mixed = (index: number): string =>
  filled((at) => statementOf(rotated(SERVICES, index + at).slice(0, 5), index * 100 + at));

/** Wildcards in actions, in every statement: no index of names helps. */
export const wild = (index: number): string =>
  filled((at) => ({
    ...statementOf(['sqs'], index * 100 + at),
    Action: VERBS.map((verb, n) => `${SERVICES[(at + n) % SERVICES.length]}:${verb}*${at}`),
  }));

function statementOf(services: readonly string[], seed: number): Statement {
  const actions = services.flatMap((service) =>
    VERBS.map((verb, at) => `${service}:${verb}${NOUNS[(seed + at) % NOUNS.length] ?? ''}${at % 4 === 0 ? '*' : ''}`),
  );
  const [first = ''] = services;
  // An ARN's service takes no wildcard.
  const service = first === '*' ? 'sqs' : first;
  return {
    Sid: `Statement${seed}`,
    Effect: seed % 7 === 0 ? 'Deny' : 'Allow',
    Action: actions,
    Resource: [
      `arn:aws:${service}:*:123456789012:team-${seed}/*`,
      `arn:aws:${service}:us-east-1:123456789012:shared-*-${seed}`,
    ],
    ...(seed % 3 === 0 && { Condition: { StringLike: { 'aws:PrincipalTag/team': [`team-${seed}*`, 'all'] } } }),
  };
}

function filled(statementAt: (at: number) => Statement): string {
  const statements: Statement[] = [];
  for (let at = 0; ; at++) {
    const longer = JSON.stringify({ Version: '2012-10-17', Statement: [...statements, statementAt(at)] });
    if (policySize(longer) > MANAGED_LIMIT) return JSON.stringify({ Version: '2012-10-17', Statement: statements });
    statements.push(statementAt(at));
  }
}

const rotated = <T>(list: readonly T[], by: number): T[] => [
  ...list.slice(by % list.length),
  ...list.slice(0, by % list.length),
];
