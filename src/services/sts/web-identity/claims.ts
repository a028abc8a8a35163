/**
 * What a token's claims mean to STS: condition keys of its provider, session tags, a source identity. Keys are the ones that AWS
 * documents for every provider, and for some known ones their own (Service Authorization Reference, AWS STS): a claim that AWS has
 * no key for gets none here either.
 */
import { fail } from '#platform/error.ts';
import type { ConditionKeys, ProvenClaims } from '#platform/principal.ts';
import { checkedSourceIdentity } from '#services/sts/session-input.ts';

export type Claims = Readonly<Record<string, unknown>>;

const GITHUB = [
  'actor',
  'actor_id',
  'enterprise_id',
  'environment',
  'job_workflow_ref',
  'ref',
  'repository',
  'repository_id',
  'repository_owner_id',
  'workflow',
];
const BUILDKITE = [
  'build_branch',
  'cluster_id',
  'cluster_name',
  'organization_id',
  'organization_slug',
  'pipeline_id',
  'pipeline_slug',
];
const GITLAB = [
  'namespace_id',
  'pipeline_source',
  'project_id',
  'ref_protected',
  'runner_environment',
  'user_access_level',
  'user_email',
  'user_id',
  'user_login',
];

/** Claims of known providers that are condition keys too. */
const OWN_KEYS: readonly (readonly [provider: RegExp, claims: readonly string[]])[] = [
  [/^token\.actions\.(githubusercontent\.com|[a-z0-9-]+\.ghe\.com)(\/|$)/, GITHUB],
  [/^gitlab\.com$/, GITLAB],
  [/^agent\.(buildkite\.com|[a-z0-9-]+\.buildkite\.(dev|site))$/, BUILDKITE],
  [/^oidc\.circleci\.com\/org\/[^/]+$/, ['oidc.circleci.com/project-id']],
  [/^idcs-[a-z0-9]+\.identity\.oraclecloud\.com$/, ['rpst_id']],
];

const TAGS = 'https://aws.amazon.com/tags';
const SOURCE_IDENTITY = 'https://aws.amazon.com/source_identity';
/** As the model has it for tags that come as parameters. */
const TAG_KEY = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u;
const TAG_VALUE = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u;
const MOST_VALUES = 100;

/** `audience` is the client that the token was given to: `azp` where a token has it, else `aud`. */
export function provenClaims(provider: string, claims: Claims, audience: readonly string[]): ProvenClaims {
  const own = OWN_KEYS.flatMap(([pattern, names]) => (pattern.test(provider) ? names : []));
  const keys: Record<string, string | readonly string[]> = {
    aud: audience.length === 1 ? (audience[0] ?? '') : audience,
  };
  for (const name of ['sub', 'amr', ...own]) {
    const value = textOf(claims[name]);
    if (value !== undefined) keys[name] = value;
  }
  const original = textOf(claims['aud']);
  if (original !== undefined) keys['oaud'] = original;
  const sourceIdentity = claims[SOURCE_IDENTITY];
  return {
    keys: prefixed(provider, keys),
    tags: tagsIn(claims),
    transitiveTagKeys: transitiveIn(claims),
    ...(sourceIdentity !== undefined && { sourceIdentity: checkedSourceIdentity(sourceIdentity) }),
  };
}

const prefixed = (provider: string, keys: ConditionKeys): ConditionKeys =>
  Object.fromEntries(Object.entries(keys).map(([name, value]) => [`${provider}:${name}`.toLowerCase(), value]));

function textOf(claim: unknown): string | readonly string[] | undefined {
  if (Array.isArray(claim)) return claim.filter((each) => typeof each === 'string').slice(0, MOST_VALUES);
  return ['string', 'number', 'boolean'].includes(typeof claim) ? String(claim) : undefined;
}

const badTags = (): never => fail('InvalidIdentityToken', `The ${TAGS} claim of the token is not valid.`);

/** Nested, or one claim a tag: "https://aws.amazon.com/tags/principal_tags/Project": "Automation". */
function tagsIn(claims: Claims): Record<string, string> {
  const nested = objectOf(objectOf(claims[TAGS])['principal_tags']);
  const flat = `${TAGS}/principal_tags/`;
  const flattened = Object.entries(claims).flatMap(([name, value]) =>
    name.startsWith(flat) ? [[name.slice(flat.length), value] as const] : [],
  );
  const tags = new Map<string, string>();
  for (const [key, value] of [...Object.entries(nested), ...flattened]) {
    // "You must pass a single value for each session tag."
    const only: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
    if (typeof only !== 'string' || !TAG_VALUE.test(only) || !TAG_KEY.test(key) || tags.has(key)) return badTags();
    tags.set(key, only);
  }
  return Object.fromEntries(tags);
}

function transitiveIn(claims: Claims): string[] {
  const keys = objectOf(claims[TAGS])['transitive_tag_keys'] ?? claims[`${TAGS}/transitive_tag_keys`] ?? [];
  const isList = Array.isArray(keys) && keys.every((key) => typeof key === 'string' && TAG_KEY.test(key));
  return isList ? keys : badTags();
}

function objectOf(value: unknown): Claims {
  if (value === undefined) return {};
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Claims) : badTags();
}
