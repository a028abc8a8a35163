/**
 * Who made a call, as CloudTrail writes it: the element `userIdentity`. Another account's record of the call says only which
 * account and principal it came from (`AWSAccount`), as AWS does not show one account the names of another.
 *
 * Source: CloudTrail user guide, "CloudTrail userIdentity element".
 */
import type { Milliseconds } from '#platform/base/clock.ts';
import type { Principal, SessionFacts } from '#platform/principal.ts';

type Element = Readonly<Record<string, unknown>>;

interface Written {
  readonly accessKeyId: string | undefined;
  readonly text: string;
}

/** A principal is the same object from request to request of a key. */
const written = new WeakMap<Principal, Written>();

/** As JSON text. `invokedBy` is the service that passes the call on, if one does. */
export function identityText(
  principal: Principal,
  accessKeyId: string | undefined,
  invokedBy: string | undefined,
): string {
  if (invokedBy !== undefined) return JSON.stringify({ ...userIdentity(principal, accessKeyId), invokedBy });
  const known = written.get(principal);
  if (known !== undefined && known.accessKeyId === accessKeyId) return known.text;
  const text = JSON.stringify(userIdentity(principal, accessKeyId));
  written.set(principal, { accessKeyId, text });
  return text;
}

/** What the record in another account says, as JSON text. */
export const strangerText = (principal: Principal): string =>
  'account' in principal
    ? JSON.stringify({ type: 'AWSAccount', principalId: principal.userId, accountId: principal.account })
    : identityText(principal, undefined, undefined);

function userIdentity(principal: Principal, accessKeyId: string | undefined): Element {
  switch (principal.kind) {
    case 'service':
      return { type: 'AWSService', invokedBy: principal.service };
    case 'external': {
      const { type, userId, userName, identityProvider } = principal;
      return { type, principalId: userId, userName, identityProvider };
    }
    case 'anonymous':
      return { type: 'AWSAccount', principalId: '', accountId: 'anonymous' };
    default:
      return {
        type: TYPES[principal.kind],
        principalId: principal.userId,
        arn: principal.arn,
        accountId: principal.account,
        ...(accessKeyId !== undefined && { accessKeyId }),
        ...(principal.kind === 'user' && { userName: principal.userName }),
        // "If … you set an alias for your account, the userName field contains your account alias."
        ...(principal.kind === 'root' && principal.alias !== undefined && { userName: principal.alias }),
        ...(principal.session && { sessionContext: sessionContext(principal, principal.session) }),
      };
  }
}

const TYPES = {
  root: 'Root',
  user: 'IAMUser',
  'role-session': 'AssumedRole',
  'federated-user': 'FederatedUser',
} as const;

function sessionContext(principal: Principal, session: SessionFacts): Element {
  const { federation, sourceIdentity, taskPolicyArn, instance } = session;
  return {
    sessionIssuer: issuerOf(principal),
    webIdFederationData: isWebIdentity(federation) ? { federatedProvider: federation.provider, attributes: {} } : {},
    attributes: {
      creationDate: secondText(session.issuedAt),
      mfaAuthenticated: String(session.mfaAuthenticatedAt !== undefined),
    },
    ...(sourceIdentity !== undefined && { sourceIdentity }),
    ...(taskPolicyArn !== undefined && { assumedRoot: 'true' }),
    ...(instance && { ec2RoleDelivery: instance.version }),
  };
}

/** A SAML provider is not told here: the record of AssumeRoleWithSAML names it. */
const isWebIdentity = (federation: SessionFacts['federation']): federation is NonNullable<SessionFacts['federation']> =>
  federation?.provider.includes(':oidc-provider/') === true;

/** Of a user's or the root user's own session there is none. */
function issuerOf(principal: Principal): Element {
  if (principal.kind === 'role-session') {
    return {
      type: 'Role',
      principalId: principal.roleId,
      arn: principal.roleArn,
      accountId: principal.account,
      userName: principal.roleName,
    };
  }
  if (principal.kind !== 'federated-user') return {};
  const { issuerArn: arn, issuerId } = principal.session;
  if (arn === undefined) return {};
  const accountId = principal.account;
  if (arn.endsWith(':root')) return { type: 'Root', principalId: accountId, arn, accountId };
  const userName = arn.slice(arn.lastIndexOf('/') + 1);
  return { type: 'IAMUser', ...(issuerId !== undefined && { principalId: issuerId }), arn, accountId, userName };
}

let lastSecond = { at: Number.NaN, text: '' };

/** `2026-01-31T12:00:00Z` */
export function secondText(time: Milliseconds): string {
  const at = Math.floor(time / 1000);
  if (at !== lastSecond.at) lastSecond = { at, text: `${new Date(at * 1000).toISOString().slice(0, 19)}Z` };
  return lastSecond.text;
}
