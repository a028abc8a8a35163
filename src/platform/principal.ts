/**
 * Who makes a call. Authentication turns a request into one of these; the policy engine, the audit and the handlers
 * read it. It holds no secret. What the principal may do is looked up apart (`Identity.policiesOf`), by version, so that a
 * change of policy is felt by the next request.
 */

import type { Milliseconds } from '#platform/base/clock.ts';
import type { AccountId } from '#platform/base/ids.ts';
import type { PrincipalPolicies } from '#platform/policy/evaluate.ts';

export type Principal =
  | RootPrincipal
  | UserPrincipal
  | RoleSessionPrincipal
  | FederatedUserPrincipal
  | ServicePrincipal
  | ExternalPrincipal
  | AnonymousPrincipal;

export interface RootPrincipal {
  readonly kind: 'root';
  readonly account: AccountId;
  /** `arn:aws:iam::123456789012:root` */
  readonly arn: string;
  /** The account id. */
  readonly userId: string;
  /** The account's, if it has one. */
  readonly alias?: string;
  readonly session?: SessionFacts;
}

export interface UserPrincipal {
  readonly kind: 'user';
  readonly account: AccountId;
  /** `arn:aws:iam::123456789012:user/path/name` */
  readonly arn: string;
  /** `AIDA…` */
  readonly userId: string;
  readonly userName: string;
  /** Present when temporary credentials of GetSessionToken are used. */
  readonly session?: SessionFacts;
}

export interface RoleSessionPrincipal {
  readonly kind: 'role-session';
  readonly account: AccountId;
  /** `arn:aws:sts::123456789012:assumed-role/role/session` */
  readonly arn: string;
  /** `AROA…:session` */
  readonly userId: string;
  readonly roleArn: string;
  readonly roleId: string;
  readonly roleName: string;
  readonly session: SessionFacts;
}

export interface FederatedUserPrincipal {
  readonly kind: 'federated-user';
  readonly account: AccountId;
  /** `arn:aws:sts::123456789012:federated-user/name` */
  readonly arn: string;
  /** `123456789012:name` */
  readonly userId: string;
  readonly session: SessionFacts;
}

/** A service of this cloud that acts for itself or, with `sourceArn`, for a resource. */
export interface ServicePrincipal {
  readonly kind: 'service';
  /** `sns.amazonaws.com` */
  readonly service: string;
  readonly sourceArn?: string;
  readonly sourceAccount?: AccountId;
}

/** Somebody whom an identity provider vouches for, by a token or an assertion in the call itself. Of no account, and without policies. */
export interface ExternalPrincipal {
  readonly kind: 'external';
  /** CloudTrail's word for it. */
  readonly type: 'WebIdentityUser' | 'SAMLUser';
  /** ARN of the provider: the `Federated` principal of trust policies. */
  readonly provider: string;
  /** The provider and the subject, as CloudTrail's `principalId` has them. */
  readonly userId: string;
  /** The subject. */
  readonly userName: string;
  /** As CloudTrail names the provider. */
  readonly identityProvider: string;
  readonly claims: ProvenClaims;
}

/** What a verified token or assertion says. */
export interface ProvenClaims {
  /** The provider's condition keys, in lower case: `issuer.example:sub`, `saml:aud`. */
  readonly keys: ConditionKeys;
  readonly tags: Readonly<Record<string, string>>;
  readonly transitiveTagKeys: readonly string[];
  readonly sourceIdentity?: string;
  /** What a SAML assertion has to say about the session's name and end. */
  readonly sessionName?: string;
  readonly sessionEnd?: Milliseconds;
  readonly assertionId?: string;
}

export type ConditionKeys = Readonly<Record<string, string | readonly string[]>>;

export interface AnonymousPrincipal {
  readonly kind: 'anonymous';
}

export interface SessionFacts {
  /** The operation that issued it, where the session may do less for that; absent for roles and sign-ins. */
  readonly issuedBy?: 'GetSessionToken' | 'GetFederationToken';
  readonly issuedAt: Milliseconds;
  readonly expiresAt: Milliseconds;
  readonly mfaAuthenticatedAt?: Milliseconds;
  /** Of a command line that a person signed in: aws:SignInSessionArn. */
  readonly signInSessionArn?: string;
  readonly sourceIdentity?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly transitiveTagKeys?: readonly string[];
  /** Tokens of STS's global endpoint may be of version 1, which some regions do not take. */
  readonly tokenVersion?: 1;
  /** Inline session policy and ARNs of managed ones, as the AssumeRole call gave them. */
  readonly policy?: string;
  readonly policyArns?: readonly string[];
  /** Of a session that began with an identity provider: its ARN, and the condition keys that stay with the session. */
  readonly federation?: { readonly provider: string; readonly keys: ConditionKeys };
  /** Of a root user's session that AssumeRoot made: the managed policy that denies all but one task. */
  readonly taskPolicyArn?: string;
  /** The user or role behind a federated user, or the chain's earlier role. */
  readonly issuerArn?: string;
  /** Of a federated user: the unique id of the user who asked for it. */
  readonly issuerId?: string;
  /** Of a role that an instance has by its profile: how and to which one it was handed out. */
  readonly instance?: InstanceDelivery;
  /** Of S3 Express: what it opens. */
  readonly bucket?: BucketSession;
}

export interface InstanceDelivery {
  /** Of the instance metadata service: 2.0 with a token, 1.0 without. */
  readonly version: '1.0' | '2.0';
  readonly arn: string;
  readonly vpc: string;
  readonly privateIp: string;
}

/** One directory bucket, and nothing else of the account. */
export interface BucketSession {
  readonly name: string;
  /** Whose it is, and its number there: another bucket may bear the name by the time that the session is used. */
  readonly owner: AccountId;
  readonly id: number;
  readonly mode: 'ReadOnly' | 'ReadWrite';
  /** As members of the inputs that write: the encryption that the session was made with. */
  readonly encryption: Readonly<Record<string, string>>;
}

/** What a key opens: the secret to verify a signature with, and the principal. */
export interface Credential {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly principal: Exclude<Principal, AnonymousPrincipal>;
}

/**
 * What the gateway and the platform need of IAM; main.ts passes the IAM service's implementation. Both answers are kept by
 * the implementation and dropped by the commit that changes them.
 */
export interface Identity {
  /**
   * Throws ServiceError (InvalidClientTokenId, ExpiredToken …) for a key that does not exist, is inactive, needs another token, or
   * has one that the request's region does not take.
   */
  credential(accessKeyId: string, sessionToken: string | undefined, now: Milliseconds, region?: string): Credential;
  /** Notes that a key was used, for GetAccessKeyLastUsed; kept in memory and written now and then. */
  noteUse(accessKeyId: string, service: string, region: string, now: Milliseconds): void;
  policiesOf(principal: Principal): PrincipalPolicies;
  /** Tags of the user or role: aws:PrincipalTag, below those of the session. */
  tagsOf(principal: Principal): Readonly<Record<string, string>>;
  /** False also for an account that is closed. An account that only a request names must not get partitions. */
  isAccount(account: AccountId): boolean;
  /** What was answered about the account may rest on writes that are not on disk yet: like `Partition.durable`. */
  durable(account: AccountId): Promise<void> | undefined;
}
