/**
 * What a simulation is about, made of its input: who calls, whose policies speak, what the request knows. Everything that
 * IAM refuses as InvalidInput is found here, so that simulate.ts only asks the engine.
 */
import { parseArn } from '#platform/base/arn.ts';
import { type AccountId, isAccountId } from '#platform/base/ids.ts';
import { ServiceError } from '#platform/error.ts';
import type * as Model from '#platform/model/generated/iam.ts';
import { isValue } from '#platform/policy/conditions.ts';
import type { PolicyKind } from '#platform/policy/document.ts';
import type { Levels } from '#platform/policy/evaluate.ts';
import { type CompiledPolicy, parsePolicy } from '#platform/policy/parse.ts';
import { type FindMissingKeys, missingKeysOf } from '#platform/policy/trace.ts';
import type { Context } from '#platform/policy/variables.ts';
import type { Principal } from '#platform/principal.ts';
import { type EntityName, entityName } from '#services/iam/entities.ts';
import { invalidInput } from '#services/iam/errors.ts';
import { checkHandlingOption } from '#services/iam/simulation/handling-options.ts';

export interface Source {
  readonly id: string;
  readonly policy: CompiledPolicy;
}

export interface Scene {
  readonly caller: Extract<Principal, { readonly account?: AccountId }>;
  /** Policies of the caller, each an object of its own, even where two have one text. */
  readonly identity: readonly Source[];
  readonly boundary: CompiledPolicy | undefined;
  readonly serviceControl: Levels | undefined;
  readonly resourcePolicy: CompiledPolicy | undefined;
  /** Owns each resource whose ARN names no account. */
  readonly owner: AccountId;
  readonly resources: readonly string[];
  readonly context: Context;
  /** Of identity and resource policies: "only those appear here". */
  readonly missingKeys: FindMissingKeys;
}

type Input = Omit<Model.SimulateCustomPolicyRequest, 'PolicyInputList'> & {
  readonly PolicyInputList?: readonly string[];
};

/** What the principal that is simulated has itself. */
export interface Held {
  /** The default of CallerArn. */
  readonly arn?: string;
  readonly policies: readonly Source[];
  readonly boundary?: CompiledPolicy;
}

export function sceneOf(input: Input, account: AccountId, held: Held): Scene {
  checkActions(input.ActionNames);
  const resources = checkedResources(input.ResourceArns);
  checkHandlingOption(input.ResourceHandlingOption, resources);
  const callerArn = input.CallerArn ?? held.arn;
  const name = callerArn === undefined ? undefined : entityName(callerArn);
  if (input.ResourcePolicy !== undefined && name === undefined) {
    invalidInput('CallerArn must be provided when a resource policy is simulated.');
  }
  const namesCaller = input.CallerArn !== undefined || input.ResourcePolicy !== undefined;
  if (namesCaller && name?.noun !== 'user')
    invalidInput('Invalid caller - Caller must be an IAM user in this context.');
  const caller = name === undefined ? nobodyOf(account) : callerOf(name);
  const identity = [...held.policies, ...inputPolicies(input.PolicyInputList)];
  const resourcePolicy = resourcePolicyOf(input.ResourcePolicy, resources);
  const speakers = identity.map(({ policy }) => policy);
  return {
    caller,
    identity,
    boundary: boundaryOf(input.PermissionsBoundaryPolicyInputList) ?? held.boundary,
    serviceControl: levelsOf(input.OrderedOrganizationPolicyInputList),
    resourcePolicy,
    owner: input.ResourceOwner === undefined ? caller.account : ownerOf(input.ResourceOwner),
    resources,
    context: contextOf(input.ContextEntries),
    missingKeys: missingKeysOf(resourcePolicy ? [...speakers, resourcePolicy] : speakers),
  };
}

/** A malformed policy of an input is an InvalidInput here. */
function readPolicy(document: string, kind: PolicyKind): CompiledPolicy {
  try {
    return parsePolicy(document, kind);
  } catch (error) {
    if (error instanceof ServiceError) invalidInput(error.message);
    throw error;
  }
}

export const inputPolicies = (documents: readonly string[] = []): Source[] =>
  documents.map((document, index) => ({
    id: `PolicyInputList.${index + 1}`,
    policy: readPolicy(document, 'identity'),
  }));

function checkActions(actions: readonly string[]): void {
  for (const action of actions) {
    if (!/^[\w-]+:\w+$/.test(action)) invalidInput(`Invalid action name: ${action}`);
  }
}

/** Each is decided on for each action: a request must not keep others waiting. */
const MOST_RESOURCES = 1000;

function checkedResources(resources: readonly string[] = ['*']): readonly string[] {
  if (resources.length === 0) return ['*'];
  if (resources.length > MOST_RESOURCES) invalidInput(`At most ${MOST_RESOURCES} resources can be simulated at once.`);
  for (const resource of resources) {
    if (resource !== '*' && parseArn(resource) === undefined) invalidInput(`Invalid resource ARN: ${resource}`);
  }
  return resources;
}

function boundaryOf(documents: readonly string[] = []): CompiledPolicy | undefined {
  const [document] = documents;
  if (documents.length > 1) invalidInput('Only one permissions boundary can be simulated.');
  return document === undefined ? undefined : readPolicy(document, 'identity');
}

function levelsOf(levels: Input['OrderedOrganizationPolicyInputList']): Levels | undefined {
  return levels?.map(({ ServiceControlPolicyInputList: documents = [] }) =>
    documents.map((document) => readPolicy(document, 'identity')),
  );
}

/** "It must be applicable to all of the resources included in the simulation or you receive an invalid input error." */
function resourcePolicyOf(document: string | undefined, resources: readonly string[]): CompiledPolicy | undefined {
  if (document === undefined) return undefined;
  const policy = readPolicy(document, 'resource');
  for (const resource of resources) {
    const applies = policy.statements.some((statement) => statement.matchesResource(resource, () => undefined));
    if (!applies) invalidInput(`The resource policy is not applicable to ${resource}.`);
  }
  return policy;
}

function ownerOf(owner: string): AccountId {
  const account = /^(?:arn:aws:iam::)?(\d{12})(?::root)?$/.exec(owner)?.[1] ?? '';
  return isAccountId(account) ? account : invalidInput(`Invalid resource owner: ${owner}`);
}

/** A custom simulation without a caller asks for identity policies only: nothing but the account is needed of the caller. */
const nobodyOf = (account: AccountId): Scene['caller'] => ({
  kind: 'user',
  account,
  arn: `arn:aws:iam::${account}:user/`,
  userId: '',
  userName: '',
});

/** A role calls by a session. A group is nobody that a resource policy could name. */
function callerOf({ account, noun, name, arn }: EntityName): Scene['caller'] {
  if (noun !== 'role') return { kind: 'user', account, arn, userId: '', userName: name };
  return {
    kind: 'role-session',
    account,
    arn: `arn:aws:sts::${account}:assumed-role/${name}/simulation`,
    userId: '',
    roleArn: arn,
    roleId: '',
    roleName: name,
    session: { issuedAt: 0, expiresAt: 0 },
  };
}

function contextOf(entries: readonly Model.ContextEntry[] = []): Context {
  const values = new Map<string, string | readonly string[]>();
  for (const { ContextKeyName: key = '', ContextKeyType: type = 'string', ContextKeyValues: given = [] } of entries) {
    const isList = type.endsWith('List');
    const scalar = isList ? type.slice(0, -'List'.length) : type;
    for (const value of given) if (!isValue(scalar, value)) invalidInput(`Invalid ${scalar} value: ${value}`);
    const [only] = given;
    values.set(key.toLowerCase(), isList || only === undefined || given.length > 1 ? given : only);
  }
  return (key) => values.get(key);
}
