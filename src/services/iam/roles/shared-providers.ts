/**
 * OpenID Connect providers whose issuer is one URL for all of their customers: who trusts one must say whose tokens are meant (IAM User
 * Guide, "Identity-provider controls for shared OIDC providers"). The URLs are also those of aws-samples/data-perimeter-policy-examples,
 * limit_access_to_trusted_OIDC_providers. IAM asks it when a trust policy is written; what it takes for "not scoped to all" was probed
 * by others: `*` alone is refused, `repo:*` is taken, and so is a list in which `*` stands beside something else.
 */
import { fail } from '#platform/error.ts';
import type { PolicyStatement } from '#platform/policy/document.ts';
import type { CompiledPolicy } from '#platform/policy/parse.ts';

const SUBJECT = [':sub'];
const AUDIENCE = [':aud'];

/** By the part of its ARN after `oidc-provider/`: condition keys of which one must be there. Those of its own begin with `:`. */
const CONTROLS: Readonly<Record<string, readonly string[]>> = {
  'agent.buildkite.com': SUBJECT,
  'api.pulumi.com/oidc': AUDIENCE,
  'app.terraform.io': SUBJECT,
  'cognito-identity.amazonaws.com': AUDIENCE,
  'gitlab.com': SUBJECT,
  'oidc-configuration.audit-log.githubusercontent.com': SUBJECT,
  'oidc.codefresh.io': SUBJECT,
  'oidc.op1.openshiftapps.com/2c51blsaqa9gkjt0o9rt11mle8mmropu': SUBJECT,
  'oidc.op1.openshiftapps.com/2f785sojlpb85i7402pk3qogugim5nfb': SUBJECT,
  'oidc.vercel.com': AUDIENCE,
  'proidc.upbound.io': SUBJECT,
  'rh-oidc.s3.us-east-1.amazonaws.com/22ejnvnnturfmt6km08idd0nt4hekbn7': SUBJECT,
  'rh-oidc.s3.us-east-1.amazonaws.com/23e3sd27sju1hoou6ohfs68vbno607tr': SUBJECT,
  'rh-oidc.s3.us-east-1.amazonaws.com/23ne21h005qjl3n33d8dui5dlrmv2tmg': SUBJECT,
  'rh-oidc.s3.us-east-1.amazonaws.com/24jrf12m5dj7ljlfb4ta2frhrcoadm26': SUBJECT,
  'sandboxes.cloud': AUDIENCE,
  'scalr.io': SUBJECT,
  'sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d/': ['sts:RoleSessionName'],
  'studio.datachain.ai/api': SUBJECT,
  'token.actions.githubusercontent.com': [':sub', ':job_workflow_ref'],
  'tokens.cloud.shisho.dev': SUBJECT,
  'vstoken.actions.githubusercontent.com': SUBJECT,
};

const OPERATORS = ['stringequals', 'stringlike', 'stringequalsignorecase'];
const ACTION = 'sts:assumerolewithwebidentity';

/** Throws MalformedPolicyDocument where a shared provider is trusted and nobody of it is meant. */
export function checkSharedProviders({ document, statements }: CompiledPolicy): void {
  for (const [index, statement] of document.statements.entries()) {
    if (statement.effect === 'Allow' && statements[index]?.matchesAction(ACTION)) checkStatement(statement);
  }
}

function checkStatement({ principal, conditions }: PolicyStatement): void {
  const named = principal === undefined || principal.principals === '*' ? [] : (principal.principals.Federated ?? []);
  for (const provider of named) {
    const url = provider.replace(/^arn:aws:iam::\d{12}:oidc-provider\//, '');
    const keys = CONTROLS[url]?.map((key) => (key.startsWith(':') ? `${url}${key}` : key));
    if (keys === undefined) continue;
    const wanted = new Set(keys.map((key) => key.toLowerCase()));
    const isScoped = conditions.some(
      ({ operator, key, values }) =>
        OPERATORS.includes(operator.toLowerCase()) &&
        wanted.has(key.toLowerCase()) &&
        values.some((value) => !/^\*+$/.test(value)),
    );
    if (!isScoped) unscoped(provider, keys);
  }
}

/** As CreateRole was recorded to say it of GitHub's. */
const unscoped = (provider: string, keys: readonly string[]): never =>
  fail(
    'MalformedPolicyDocument',
    `Trust policy with trusted principal ${provider} must evaluate, using StringEquals, StringLike or StringEqualsIgnoreCase, ${keys.join(' or ')} which is not scoped to all.`,
  );
