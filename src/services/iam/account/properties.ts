/** Settings of the account that switch features of IAM on and off. */
import type * as Model from '#platform/model/generated/iam.ts';
import type { Call, CallScope, ConditionValues, FurtherPermission } from '#platform/service.ts';
import { accountProperties } from '#services/iam/account/state.ts';
import { invalidInput } from '#services/iam/errors.ts';

interface Property {
  readonly values: readonly string[];
  readonly byDefault: string;
}

const BOOLEAN = ['true', 'false'];

const PROPERTIES: Readonly<Record<string, Property>> = {
  'RoleManager/Enabled': { values: BOOLEAN, byDefault: 'false' },
};

const namespaceOf = (key: string): string => key.slice(0, key.indexOf('/'));

/** "The key must contain exactly one / separating the namespace from the property name." */
function check(properties: Readonly<Record<string, string>>): void {
  const namespaces = new Set(Object.keys(properties).map(namespaceOf));
  if (namespaces.size === 0) invalidInput('At least one property must be specified.');
  if (namespaces.size > 1) invalidInput('All properties in a request must belong to the same namespace.');
  for (const [key, value] of Object.entries(properties)) {
    if (!/^[^/]+\/[^/]+$/.test(key))
      invalidInput(`The property key ${key} must be in the format Namespace/PropertyName.`);
    const property = Object.hasOwn(PROPERTIES, key) ? PROPERTIES[key] : undefined;
    if (!property) throw invalidInput(`The property key ${key} is not supported.`);
    if (!property.values.includes(value)) invalidInput(`The value of ${key} must be ${property.values.join(' or ')}.`);
  }
}

export function putAccountProperties(
  { Properties: properties }: Model.PutAccountPropertiesRequest,
  { tx }: Call,
): Model.PutAccountPropertiesResponse {
  check(properties);
  for (const [key, value] of Object.entries(properties))
    tx.put(accountProperties, accountProperties.key(key), { value });
  return {};
}

export function getAccountProperties(_input: object, { tx }: Call): Model.GetAccountPropertiesResponse {
  const known = Object.entries(PROPERTIES).map(([key, { byDefault }]) => {
    const value = tx.get(accountProperties, accountProperties.key(key))?.value ?? byDefault;
    return [key, value] as const;
  });
  return { Properties: Object.fromEntries(known) };
}

/** iam:AccountPropertyNamespaces */
export const propertyNamespaces = ({
  Properties,
}: {
  readonly Properties?: Record<string, string>;
}): ConditionValues => ({
  'iam:accountpropertynamespaces': [...new Set(Object.keys(Properties ?? PROPERTIES).map(namespaceOf))],
});

/** "Enabling role manager requires the iam:PutAccountProperties and iam:CreateServiceLinkedRole permissions." */
export const enablingRoleManager = (
  { Properties }: Model.PutAccountPropertiesRequest,
  { account }: CallScope,
): FurtherPermission[] =>
  Properties['RoleManager/Enabled'] === 'true'
    ? [{ action: 'iam:CreateServiceLinkedRole', resource: `arn:aws:iam::${account}:role/aws-service-role/*` }]
    : [];
