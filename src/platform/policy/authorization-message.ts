/**
 * What stands behind a refusal, for administrators only: some services (EC2) append it to their refusals in a form that the refused
 * caller can't read and sts:DecodeAuthorizationMessage opens. It is the decision with the statements that denied and the request's
 * context, in the layout of the AWS CLI's example for decode-authorization-message: deflated, sealed, bound to the caller's
 * account, and good for a day. It never grows over what DecodeAuthorizationMessage takes: the context goes first.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { parseArn } from '#platform/base/arn.ts';
import { days, type Milliseconds } from '#platform/base/clock.ts';
import type { AccountId } from '#platform/base/ids.ts';
import type { AuthorizationRequest } from '#platform/policy/evaluate.ts';
import { explain, type StatementMatch } from '#platform/policy/trace.ts';
import type { Principal } from '#platform/principal.ts';
import { openText, type PurposeSealer, type Sealer } from '#platform/secrets/sealer.ts';

export interface AuthorizationMessages {
  /** `own`: the names of the service's condition keys that this request has. */
  encode(request: AuthorizationRequest, own: readonly string[], account: AccountId, now: Milliseconds): string;
  /** JSON text; undefined for what was not encoded here for this account, or a day ago. */
  decode(encoded: string, account: AccountId, now: Milliseconds): string | undefined;
}

/** The model's limit for DecodeAuthorizationMessage. */
const MOST_ENCODED = 10_240;
const MOST_DECODED_BYTES = 1024 * 1024;
const LIFE: Milliseconds = days(1);

const GLOBAL_KEYS = [
  'aws:PrincipalArn',
  'aws:PrincipalType',
  'aws:userid',
  'aws:username',
  'aws:SourceIdentity',
  'aws:SourceIp',
  'aws:SecureTransport',
  'aws:RequestedRegion',
  'aws:CurrentTime',
  'aws:MultiFactorAuthPresent',
  'aws:TokenIssueTime',
  'aws:ViaAWSService',
  'aws:TagKeys',
];

interface Items<T> {
  readonly items: readonly T[];
}
type Values = Items<{ readonly value: string }>;

const itemsOf = <T>(items: readonly T[]): Items<T> => ({ items });
const valuesOf = (values: readonly string[]): Values => itemsOf(values.map((value) => ({ value })));
const keyed = (key: string, values: readonly string[]) => ({ key, values: valuesOf(values) });

export function authorizationMessages(sealer: Sealer): AuthorizationMessages {
  const messages = sealer.purpose('authorization-message');
  return {
    encode(request, own, account, now) {
      const { decision, matches } = explain(request);
      const denials = matches
        .filter(({ statement }) => statement.effect === 'Deny')
        .map((match) => matched(match, request));
      const context = contextOf(request, own);
      for (const parts of [
        { matchedStatements: itemsOf(denials), context },
        { matchedStatements: itemsOf(denials), context: { ...context, conditions: itemsOf([]) } },
      ]) {
        const encoded = sealed(messages, { ...verdictOf(decision), ...parts, failures: itemsOf([]) }, account, now);
        if (encoded.length <= MOST_ENCODED) return encoded;
      }
      return sealed(messages, verdictOf(decision), account, now);
    },
    decode(encoded, account, now) {
      const opened = openText(messages, encoded, account, 'base64url');
      if (opened === undefined) return undefined;
      const text = inflateRawSync(opened, { maxOutputLength: MOST_DECODED_BYTES }).toString('utf8');
      const space = text.indexOf(' ');
      return Number(text.slice(0, space)) + LIFE > now ? text.slice(space + 1) : undefined;
    },
  };
}

function sealed(messages: PurposeSealer, message: object, account: AccountId, now: Milliseconds): string {
  return messages.seal(deflateRawSync(`${now} ${JSON.stringify(message)}`), account).toString('base64url');
}

const verdictOf = (decision: ReturnType<typeof explain>['decision']) => ({
  allowed: decision.allowed,
  explicitDeny: !decision.allowed && decision.explicit,
});

function matched({ policy, statement }: StatementMatch, { principal }: AuthorizationRequest) {
  const source = policy.document.statements[statement.index];
  return {
    statementId: statement.sid ?? '',
    effect: 'DENY',
    principals: valuesOf([idOf(principal)]),
    principalGroups: itemsOf([]),
    actions: valuesOf(source?.action.patterns ?? []),
    resources: valuesOf(source?.resource?.patterns ?? []),
    conditions: itemsOf((source?.conditions ?? []).map(({ key, values }) => keyed(key, values))),
  };
}

/** Of a session, the role's. */
function idOf(principal: Principal): string {
  if (principal.kind === 'role-session') return principal.roleId;
  return 'userId' in principal ? principal.userId : '';
}

function contextOf(request: AuthorizationRequest, own: readonly string[]) {
  const { principal, action, resource } = request;
  const conditions = [...new Set([...GLOBAL_KEYS, ...own])].flatMap((key) => {
    const values = request.context(key.toLowerCase());
    return values === undefined ? [] : [keyed(key, [values].flat())];
  });
  return {
    principal: {
      id: 'userId' in principal ? principal.userId : '',
      ...(principal.kind === 'user' && { name: principal.userName }),
      ...('arn' in principal && { arn: principal.arn }),
    },
    action,
    resource,
    conditions: itemsOf([...resourceParts(resource), ...conditions]),
  };
}

/** How AWS's messages spell out the resource. */
function resourceParts(resource: string) {
  const arn = parseArn(resource);
  if (arn === undefined) return [];
  const [type = ''] = arn.resource.split(/[/:]/);
  const parts = {
    'aws:Region': arn.region,
    'aws:Service': arn.service,
    'aws:Resource': arn.resource,
    'aws:Account': arn.account,
    'aws:Type': type,
    'aws:ARN': resource,
  };
  return Object.entries(parts).flatMap(([key, value]) => (value === '' ? [] : [keyed(key, [value])]));
}
