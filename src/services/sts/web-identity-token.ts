/**
 * GetWebIdentityToken: who the caller is, as a signed token that services elsewhere can verify (IAM User Guide, "Understanding token
 * claims"). It says no more than the caller could say anyway, and lives no longer than the caller's session.
 */
import { seconds } from '#platform/base/clock.ts';
import { uuid } from '#platform/base/ids.ts';
import { fail } from '#platform/error.ts';
import type { GetWebIdentityTokenRequest, GetWebIdentityTokenResponse, Tag } from '#platform/model/generated/sts.ts';
import type { Principal } from '#platform/principal.ts';
import type { Call, ConditionValues, OperationDeclaration } from '#platform/service.ts';
import type { SessionsApi, SigningAlgorithm, TokenIssuerApi } from '#services/iam/api.ts';
import { refuseGlobalEndpoint } from '#services/sts/endpoint.ts';

const DEFAULT_SECONDS = 300;
/** AWS has a limit and does not say which. */
const MOST_PAYLOAD_BYTES = 8192;
const NAMESPACE = 'https://sts.amazonaws.com/';

type Input = GetWebIdentityTokenRequest;

export const getWebIdentityToken = (
  sessions: SessionsApi,
  issuers: TokenIssuerApi,
): OperationDeclaration<Input, GetWebIdentityTokenResponse> => ({
  steps: true,
  resource: () => '*',
  action: ({ Tags }) => ['sts:GetWebIdentityToken', ...(Tags?.length ? ['sts:TagGetWebIdentityToken'] : [])],
  conditions,
  async handler(input, call) {
    const { principal, account } = call;
    refuseGlobalEndpoint(call);
    const issuer = issuers.issuerOf(account) ?? notEnabled();
    const algorithm = algorithmOf(input);
    const duration = input.DurationSeconds ?? DEFAULT_SECONDS;
    const issuedAt = Math.floor(call.now / 1000);
    const expiresAt = issuedAt + duration;
    const session = 'session' in principal ? principal.session : undefined;
    if (session !== undefined && seconds(expiresAt) > session.expiresAt) {
      fail(
        'SessionDurationEscalationException',
        'The requested token duration would extend the session beyond its original expiration time.',
      );
    }
    const [only, ...others] = input.Audience;
    const claims = {
      iss: issuer,
      aud: others.length === 0 ? only : input.Audience,
      sub: subjectOf(principal),
      iat: issuedAt,
      exp: expiresAt,
      jti: uuid(),
      [NAMESPACE]: namespaceOf(input, call, tagsOf(sessions, principal)),
    };
    if (Buffer.byteLength(JSON.stringify(claims)) > MOST_PAYLOAD_BYTES) {
      fail('JWTPayloadSizeExceededException', 'The requested token payload size exceeds the maximum allowed size.');
    }
    const WebIdentityToken = await issuers.sign(account, algorithm, claims, call.now);
    await sessions.durable(account);
    return { WebIdentityToken, Expiration: seconds(expiresAt) };
  },
});

const conditions = ({ Audience, DurationSeconds, SigningAlgorithm }: Input): ConditionValues => ({
  'sts:identitytokenaudience': Audience,
  'sts:durationseconds': String(DurationSeconds ?? DEFAULT_SECONDS),
  'sts:signingalgorithm': SigningAlgorithm,
});

const notEnabled = (): never =>
  fail(
    'OutboundWebIdentityFederationDisabledException',
    'Outbound web identity federation is not enabled for this account.',
  );

function algorithmOf({ SigningAlgorithm: given }: Input): SigningAlgorithm {
  if (given === 'RS256' || given === 'ES384') return given;
  return fail('ValidationError', 'SigningAlgorithm must be RS256 or ES384.');
}

/** For a role session, the role. */
function subjectOf(principal: Principal): string {
  if (principal.kind === 'role-session') return principal.roleArn;
  return 'arn' in principal ? principal.arn : fail('AccessDenied', 'Access Denied');
}

/** Tags of the session go before those of its role, whatever their case. */
function tagsOf(sessions: SessionsApi, principal: Principal): Record<string, string> {
  const own = ('session' in principal && principal.session?.tags) || {};
  const names = new Set(Object.keys(own).map((key) => key.toLowerCase()));
  const kept = Object.entries(sessions.tagsOf(principal)).filter(([key]) => !names.has(key.toLowerCase()));
  return { ...Object.fromEntries(kept), ...own };
}

const namespaceOf = ({ Tags }: Input, call: Call, principalTags: Record<string, string>) => ({
  aws_account: call.account,
  source_region: call.region,
  principal_id: subjectOf(call.principal),
  ...(Object.keys(principalTags).length > 0 && { principal_tags: principalTags }),
  ...(Tags?.length && { request_tags: requestTags(Tags) }),
});

function requestTags(tags: readonly Tag[]): Record<string, string> {
  const names = new Set(tags.map(({ Key }) => Key.toLowerCase()));
  if (names.size < tags.length) {
    fail('InvalidParameterValue', 'Duplicate tag keys found. Please note that Tag keys are case insensitive.');
  }
  return Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]));
}
