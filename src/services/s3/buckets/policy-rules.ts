/**
 * What S3 asks of a bucket's policy beyond its grammar. Each action is S3's, and one that can be done to a resource of its statement; each
 * condition key of S3's is one that the actions have, where they are named one by one all of them. IAM takes such statements, and they
 * never match; S3 tells whoever writes them.
 */
import type { AuthorizationModel } from '#platform/model/schema.ts';
import type { PolicyDocument, PolicyStatement } from '#platform/policy/document.ts';
import { globOf } from '#platform/policy/match.ts';
import { fail } from '#services/s3/errors.ts';

type Action = AuthorizationModel['actions'][string];

export function checkRules(document: PolicyDocument, arn: string, model: AuthorizationModel): void {
  for (const statement of document.statements) checkStatement(statement, arn, model);
}

function checkStatement(
  { action, resource, conditions }: PolicyStatement,
  arn: string,
  model: AuthorizationModel,
): void {
  const types = new Set(resource === undefined || resource.negated ? TYPES : resource.patterns.flatMap(typesOf(arn)));
  const keys = conditions.map(({ key }) => key.toLowerCase()).filter((key) => key.startsWith('s3:'));
  const known = Object.keys(model.conditionKeys).map(nameOfKey);
  if (!keys.every((key) => known.includes(nameOfKey(key)))) malformed('Policy has an invalid condition key');
  for (const pattern of action.patterns) {
    const actions = actionsOf(pattern, model);
    if (actions.length === 0) malformed('Policy has invalid action');
    if (action.negated) continue;
    const applicable = actions.filter(({ resources }) => Object.keys(resources).some((type) => types.has(type)));
    if (applicable.length === 0) malformed('Action does not apply to any resource(s) in statement');
    const has = (key: string): boolean => applicable.some((each) => keysOf(each, model).has(nameOfKey(key)));
    if (!keys.every(has)) malformed('Conditions do not apply to combination of actions and resources in statement');
  }
}

const TYPES = ['bucket', 'object'];

/** `arn:aws:s3:::books*` may be both. */
const typesOf =
  (arn: string) =>
  (pattern: string): readonly string[] => {
    if (pattern === arn) return ['bucket'];
    return pattern.startsWith(`${arn}/`) ? ['object'] : TYPES;
  };

/** Those that can be done to buckets and objects; names are compared without regard to case. */
function actionsOf(pattern: string, { prefix, actions }: AuthorizationModel): readonly Action[] {
  const matches = globOf(pattern.toLowerCase());
  return Object.entries(actions).flatMap(([name, action]) =>
    matches(`${prefix}:${name.toLowerCase()}`) && TYPES.some((type) => type in action.resources) ? action : [],
  );
}

const keysOf = ({ conditionKeys, resources }: Action, model: AuthorizationModel): Set<string> =>
  new Set(
    [...conditionKeys, ...Object.keys(resources).flatMap((type) => model.resources[type]?.conditionKeys ?? [])].map(
      nameOfKey,
    ),
  );

/** `s3:existingobjecttag` of `s3:ExistingObjectTag/<key>`: which tag is the policy's to say. */
const nameOfKey = (key: string): string => key.toLowerCase().replace(/\/.*/, '/');

const malformed = (message: string): never => fail('MalformedPolicy', { message });
