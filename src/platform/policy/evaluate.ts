/**
 * The decision: may this principal do this action on this resource? (Contract; the engine is being written.)
 */

import type { CompiledPolicy } from '#platform/policy/parse.ts';
import type { Principal } from '#platform/principal.ts';

/** All policies that speak about a principal, apart from the resource's own. */
export interface PrincipalPolicies {
  /** Attached and inline ones of the user, its groups, or the role. */
  readonly identity: readonly CompiledPolicy[];
  /** Undefined: no permissions boundary. */
  readonly boundary?: CompiledPolicy;
  /** Undefined: the session has no session policies. */
  readonly session?: readonly CompiledPolicy[];
  /** One entry a level (root, unit, account); each level must allow. Undefined: no organization. */
  readonly serviceControl?: readonly (readonly CompiledPolicy[])[];
  readonly resourceControl?: readonly (readonly CompiledPolicy[])[];
}

export interface AuthorizationRequest {
  readonly principal: Principal;
  readonly policies: PrincipalPolicies;
  /** `sqs:SendMessage` */
  readonly action: string;
  readonly resource: string;
  /** The account that owns the resource. */
  readonly resourceAccount: string;
  readonly resourcePolicy?: CompiledPolicy;
  /** Condition keys in lower case -> values; undefined where the request has none. */
  readonly context: (key: string) => string | readonly string[] | undefined;
}

export type Decision =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly message: string; readonly explicit: boolean };

export declare function evaluate(request: AuthorizationRequest): Decision;
