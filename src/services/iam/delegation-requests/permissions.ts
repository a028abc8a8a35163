/**
 * What a request asks for: a template of the requestor's, with its parameters filled in. AWS registers templates when it takes a partner
 * on; here a template is a managed policy of the requesting account, with placeholders (`@{bucketName}`) where parameters go.
 */
import { ServiceError } from '#platform/error.ts';
import type * as Model from '#platform/model/generated/iam.ts';
import { parsePolicy, policySize } from '#platform/policy/parse.ts';
import type { Call } from '#platform/service.ts';
import type { PolicyParameter } from '#services/iam/delegation-requests/state.ts';
import { invalidInput } from '#services/iam/errors.ts';
import { MANAGED_LIMIT } from '#services/iam/policies/documents.ts';
import { managedDocument } from '#services/iam/policies/managed-policies.ts';
import { filledDocument, placesIn } from '#services/iam/policies/templates.ts';

export interface AskedPermissions {
  readonly templateArn: string;
  readonly parameters: readonly PolicyParameter[];
  readonly policy: string;
}

function readParameter({
  Name: name,
  Values: values = [],
  Type: type = 'string',
}: Model.PolicyParameter): PolicyParameter {
  if (name === undefined) throw invalidInput('Each policy parameter must have a name.');
  if (values.length === 0 || (type === 'string' && values.length > 1)) {
    invalidInput(`The policy parameter ${name} must have ${type === 'string' ? 'one value' : 'values'}.`);
  }
  return { name, type, values };
}

/** Throws InvalidInput for a template that is not there, or does not become a policy with these parameters. */
export function askedPermissions(asked: Model.DelegationPermission, { partition, account }: Call): AskedPermissions {
  const { PolicyTemplateArn: arn, Parameters = [] } = asked;
  const template = arn === undefined ? undefined : partition.read((tx) => managedDocument(tx, account, arn));
  if (arn === undefined || template === undefined)
    throw invalidInput(`The policy template ${arn ?? ''} cannot be found.`);
  const parameters = Parameters.map(readParameter);
  const values = new Map(parameters.map(({ name, values: list }) => [name, list]));
  const places = placesIn(template);
  const missing = [...places].find((name) => !values.has(name));
  if (missing !== undefined) invalidInput(`A value for the policy parameter ${missing} is required.`);
  const unknown = parameters.find(({ name }) => !places.has(name));
  if (unknown !== undefined) invalidInput(`The policy template has no parameter ${unknown.name}.`);
  const policy = filledDocument(template, Object.fromEntries(values));
  check(policy);
  return { templateArn: arn, parameters, policy };
}

function check(policy: string): void {
  try {
    parsePolicy(policy, 'identity');
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    invalidInput(`The policy template is not a policy with these parameters: ${error.message}`);
  }
  if (policySize(policy) > MANAGED_LIMIT) invalidInput(`The requested permissions exceed ${MANAGED_LIMIT} characters.`);
}
