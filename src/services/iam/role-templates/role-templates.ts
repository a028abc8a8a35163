/** Roles made from templates: AcquireRole answers the role that is there already, or makes it with all that the template says. */
import { parseArn } from '#platform/base/arn.ts';
import { fail } from '#platform/error.ts';
import type * as Model from '#platform/model/generated/iam.ts';
import type { Call, CallScope, FurtherPermission } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { invalidInput } from '#services/iam/errors.ts';
import { entityArn, nameKey } from '#services/iam/names.ts';
import { ROLE } from '#services/iam/owners.ts';
import { attach } from '#services/iam/policies/attachments.ts';
import { encodedDocument } from '#services/iam/policies/documents.ts';
import { putInline } from '#services/iam/policies/inline-policies.ts';
import { filledDocument, filledText, type Values } from '#services/iam/policies/templates.ts';
import { type RoleTemplate, roleTemplate, templateArn } from '#services/iam/role-templates/templates.ts';
import { insertRole, wholeRole } from '#services/iam/roles/roles.ts';
import type { Trusts } from '#services/iam/roles/trust.ts';
import { type RoleRow, roles } from '#services/iam/state.ts';

const NAME_PATTERN = '@{RoleName}';
const PATH = '/';
const SESSION_SECONDS = 3600;
const NAME = /^[\w+=,.@-]{1,64}$/;

function templateOf(arn: string, minorVersion: number | undefined): RoleTemplate {
  const parts = parseArn(arn);
  const isTemplate = parts?.service === 'iam' && parts.account === 'aws' && parts.resource.startsWith('role-template/');
  if (!isTemplate) invalidInput(`ARN ${arn} is not valid.`);
  const template = roleTemplate(arn, minorVersion);
  const version = minorVersion === undefined ? '' : ` version ${minorVersion}`;
  return template ?? fail('NoSuchEntity', `The role template ${arn}${version} cannot be found.`);
}

export function getRoleTemplateVersion(
  input: Model.GetRoleTemplateVersionRequest,
  _call: Call,
): Model.GetRoleTemplateVersionResponse {
  const template = templateOf(input.TemplateArn, input.MinorVersion);
  return {
    RoleTemplateVersion: {
      TemplateArn: templateArn(template),
      TemplateName: template.name,
      Description: template.description,
      MajorVersion: template.majorVersion,
      DefaultMinorVersion: roleTemplate(input.TemplateArn, undefined)?.minorVersion ?? template.minorVersion,
      ManagedByType: 'Service',
      ManagedByValue: template.service,
      Enabled: true,
      MinorVersion: template.minorVersion,
      RoleNamePattern: NAME_PATTERN,
      RolePathPattern: PATH,
      AssumeRolePolicyDocumentTemplate: encodedDocument(JSON.stringify(template.trust)),
      InlinePolicyTemplates: template.inlinePolicies.map(({ name, document }) => ({
        PolicyName: name,
        PolicyDocument: encodedDocument(JSON.stringify(document)),
      })),
      ManagedPolicyArns: [...template.managedPolicies],
      ParametersDefinition: template.parameters.map(({ name, description }) => ({
        Name: name,
        Type: 'String',
        Description: description,
        IsRequired: true,
      })),
      MaxSessionDuration: SESSION_SECONDS,
      VersionEnabled: true,
      CreateTimestamp: template.createdAt,
      UpdateTimestamp: template.createdAt,
    },
  };
}

const valuesOf = ({ ReplacementValues = {} }: Model.AcquireRoleRequest): Values =>
  Object.fromEntries(Object.entries(ReplacementValues).map(([name, { Values: values }]) => [name, values]));

/** Throws InvalidInput unless each parameter, and nothing else, is given one value. */
function checkValues({ parameters }: RoleTemplate, values: Values): void {
  for (const { name } of parameters) {
    const given = Object.hasOwn(values, name) ? values[name] : undefined;
    if (given === undefined) throw invalidInput(`A value for the parameter ${name} is required.`);
    if (given.length !== 1 || given[0] === '') invalidInput(`The parameter ${name} takes one value.`);
  }
  const known = new Set(parameters.map(({ name }) => name));
  const unknown = Object.keys(values).find((name) => !known.has(name));
  if (unknown !== undefined) invalidInput(`The template has no parameter ${unknown}.`);
}

const roleName = (values: Values): string => filledText(NAME_PATTERN, values);

/** The role of the name that is wanted, from whatever it was made. */
const existing = (tx: ReadTransaction, values: Values): RoleRow | undefined =>
  tx.get(roles, roles.key(nameKey(roleName(values))));

/** "If a role that matches the template already exists in the account, AcquireRole returns that role." */
export function acquireRole(trusts: Trusts, input: Model.AcquireRoleRequest, call: Call): Model.AcquireRoleResponse {
  const { tx } = call;
  const template = templateOf(input.TemplateArn, input.TemplateMinorVersion);
  const values = valuesOf(input);
  checkValues(template, values);
  const name = roleName(values);
  if (!NAME.test(name)) invalidInput(`The role name ${name} is not valid.`);
  const old = existing(tx, values);
  if (old && (old.name !== name || old.template?.arn !== input.TemplateArn)) {
    fail('NameConflict', `Role with name ${name} already exists.`);
  }
  return { Role: wholeRole(trusts.principals, call, old ?? make(trusts, call, template, values)) };
}

function make(trusts: Trusts, call: Call, template: RoleTemplate, values: Values): RoleRow {
  const RoleName = roleName(values);
  const document = filledDocument(JSON.stringify(template.trust), values);
  const row = insertRole(call, {
    name: RoleName,
    path: PATH,
    ...trusts.checked(document, call),
    maxSessionSeconds: SESSION_SECONDS,
    template: { arn: templateArn(template), minorVersion: template.minorVersion },
  });
  for (const PolicyArn of template.managedPolicies) attach(ROLE)({ RoleName, PolicyArn }, call);
  for (const { name: PolicyName, document: inline } of template.inlinePolicies) {
    const PolicyDocument = filledDocument(JSON.stringify(inline), values);
    putInline(ROLE)({ RoleName, PolicyName, PolicyDocument }, call);
  }
  return row;
}

export const acquiredRoleArn = (input: Model.AcquireRoleRequest, { account }: CallScope): string =>
  entityArn(account, 'role', { path: PATH, name: roleName(valuesOf(input)) });

/**
 * AcquireRole is no action of its own: it takes iam:GetRole for a role that is there, else iam:CreateRole and what the template's
 * policies take ("Manage access to role manager").
 */
export function acquiringPermissions(input: Model.AcquireRoleRequest, scope: CallScope): FurtherPermission[] {
  const { TemplateArn: arn } = input;
  const resource = acquiredRoleArn(input, scope);
  const conditions = { 'iam:roletemplatearn': arn };
  if (scope.read((tx) => existing(tx, valuesOf(input)))) return [{ action: 'iam:GetRole', resource, conditions }];
  const { managedPolicies = [], inlinePolicies = [] } = roleTemplate(arn, input.TemplateMinorVersion) ?? {};
  return [
    { action: 'iam:CreateRole', resource, conditions },
    ...inlinePolicies.map(() => ({ action: 'iam:PutRolePolicy', resource, conditions })),
    ...managedPolicies.map((policy) => ({
      action: 'iam:AttachRolePolicy',
      resource,
      conditions: { ...conditions, 'iam:policyarn': policy },
    })),
  ];
}
