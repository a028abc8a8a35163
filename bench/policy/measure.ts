/** What a decision costs: ten managed policies of 6 KB, the request allowed by the last of them, or by none. */
import type { AccountId } from '#platform/base/ids.ts';
import { type AuthorizationRequest, evaluate } from '#platform/policy/evaluate.ts';
import { type CompiledPolicy, parsePolicy } from '#platform/policy/parse.ts';
import type { Context } from '#platform/policy/variables.ts';
import type { Principal } from '#platform/principal.ts';
import { awsManagedPolicy } from '#services/iam/policies/aws-managed.ts';
import { mixed, ofService, wild } from './documents.ts';

const ACCOUNT = '123456789012' as AccountId;
const bob: Principal = {
  kind: 'user',
  account: ACCOUNT,
  arn: `arn:aws:iam::${ACCOUNT}:user/bob`,
  userId: 'AIDABOB0000000000',
  userName: 'bob',
};
const context: Context = (key) => (key === 'aws:principaltag/team' ? 'team-9' : undefined);
const ALLOW = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sqs:Get*","Resource":"arn:aws:sqs:*:${ACCOUNT}:jobs-*"}}`;

/** Large ones of AWS's own, none of which allows to change a queue. */
const AWS_OWN = [
  'ReadOnlyAccess',
  'SecurityAudit',
  'job-function/ViewOnlyAccess',
  'job-function/NetworkAdministrator',
  'job-function/DatabaseAdministrator',
  'AmazonSageMakerFullAccess',
  'AWSElasticBeanstalkManagedUpdatesCustomerRolePolicy',
  'AmazonEKSClusterPolicy',
  'AWSSupportAccess',
  'AmazonSQSReadOnlyAccess',
];

export interface Workload {
  readonly name: string;
  /** Taken in turns. */
  readonly requests: readonly AuthorizationRequest[];
}

function requestOf(documents: readonly string[], action: string): AuthorizationRequest {
  const identity: CompiledPolicy[] = documents.map((document) => parsePolicy(document, 'identity'));
  const resource = `arn:aws:sqs:us-east-1:${ACCOUNT}:jobs-1`;
  return { principal: bob, policies: { identity }, action, resource, resourceAccount: ACCOUNT, context };
}

const ten = (documentOf: (index: number) => string): string[] => Array.from({ length: 10 }, (_, at) => documentOf(at));
const andAllowed = (documents: readonly string[]): string[] => [...documents.slice(1), ALLOW];

/** A decision about an action that these policies were not asked about lately. */
function unknownActions(name: string, documents: readonly string[]): Workload {
  const request = requestOf(documents, '');
  return { name, requests: Array.from({ length: 500 }, (_, at) => ({ ...request, action: `sqs:GetQueue${at}` })) };
}

export function workloads(): Workload[] {
  const aws = AWS_OWN.map((name) => awsManagedPolicy(`arn:aws:iam::aws:policy/${name}`)?.document ?? '');
  return [
    { name: 'one service each, allowed', requests: [requestOf(andAllowed(ten(ofService)), 'sqs:GetQueueUrl')] },
    { name: 'one service each, not allowed', requests: [requestOf(ten(ofService), 'sqs:GetQueueUrl')] },
    { name: 'five services a statement, allowed', requests: [requestOf(andAllowed(ten(mixed)), 'sqs:GetQueueUrl')] },
    { name: 'five services a statement, not allowed', requests: [requestOf(ten(mixed), 'sqs:GetQueueUrl')] },
    { name: 'wildcards in actions, not allowed', requests: [requestOf(ten(wild), 'sqs:GetQueue0')] },
    { name: 'ten of AWS’s own, 170 KB, not allowed', requests: [requestOf(aws, 'sqs:DeleteQueue')] },
    unknownActions('five services, an action for the first time', ten(mixed)),
    unknownActions('wildcards in actions, an action for the first time', ten(wild)),
  ];
}

/** Microseconds a call, the least of some rounds: what disturbs only adds. */
function microseconds(action: () => unknown, rounds = 7, calls = 4000): number {
  for (let call = 0; call < calls; call++) action();
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    for (let call = 0; call < calls; call++) action();
    least = Math.min(least, ((performance.now() - start) / calls) * 1000);
  }
  return least;
}

export function decisionUs({ requests }: Workload): number {
  let turn = 0;
  return microseconds(() => evaluate(requests[turn++ % requests.length] as AuthorizationRequest)); // within the list
}

/** Once for a version of a policy. */
export const compileUs = (): number => microseconds(() => parsePolicy(mixed(1), 'identity'), 5, 200);
