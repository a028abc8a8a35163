/** What a grant's constraints let through. Encryption contexts are compared exactly, letter case too. */
import type { GrantConstraints, GrantOperation } from '#platform/model/generated/kms.ts';
import type { Principal } from '#platform/principal.ts';
import type { EncryptionContext } from '#services/kms/ciphertext/ciphertext.ts';
import type { GrantRow } from '#services/kms/state.ts';

/** What of a call's input matters to grants. */
export interface GrantedInput {
  readonly EncryptionContext?: EncryptionContext;
  readonly SourceEncryptionContext?: EncryptionContext;
  readonly DestinationEncryptionContext?: EncryptionContext;
  /** Of CreateGrant. */
  readonly Operations?: readonly GrantOperation[];
  readonly Constraints?: GrantConstraints;
}

/** The operations of the grant that may be done with this input. */
export const permittedBy = (grant: GrantRow, input: GrantedInput, principal: Principal): GrantOperation[] =>
  grant.operations.filter((operation) => permits(grant, operation, input, principal));

function permits(grant: GrantRow, operation: GrantOperation, input: GrantedInput, principal: Principal): boolean {
  const { constraints = {} } = grant;
  if (operation === 'RetireGrant') return true;
  if (constraints.SourceArn !== undefined && sourceArnOf(principal) !== constraints.SourceArn) return false;
  if (operation === 'DescribeKey') return true;
  if (operation === 'CreateGrant') return isNoWider(input, grant);
  return suits(constraints, contextFor(operation, input) ?? {});
}

const sourceArnOf = (principal: Principal): string | undefined =>
  principal.kind === 'service' ? principal.sourceArn : undefined;

function contextFor(operation: GrantOperation, input: GrantedInput): EncryptionContext | undefined {
  if (operation === 'ReEncryptFrom') return input.SourceEncryptionContext;
  if (operation === 'ReEncryptTo') return input.DestinationEncryptionContext;
  return input.EncryptionContext;
}

function suits(
  { EncryptionContextEquals, EncryptionContextSubset }: GrantConstraints,
  context: EncryptionContext,
): boolean {
  if (EncryptionContextSubset !== undefined && !includes(context, EncryptionContextSubset)) return false;
  return EncryptionContextEquals === undefined || isSame(context, EncryptionContextEquals);
}

const includes = (context: EncryptionContext, subset: EncryptionContext): boolean =>
  Object.entries(subset).every(([key, value]) => Object.hasOwn(context, key) && context[key] === value);

const isSame = (a: EncryptionContext, b: EncryptionContext): boolean => includes(a, b) && includes(b, a);

/** A grant that a grant allows to make has no other operations, and constraints that are as strict or stricter. */
function isNoWider(
  { Operations = [], Constraints: child = {} }: GrantedInput,
  { operations, constraints: parent = {} }: GrantRow,
): boolean {
  if (!Operations.every((operation) => operations.includes(operation))) return false;
  if (parent.SourceArn !== undefined && child.SourceArn !== parent.SourceArn) return false;
  const { EncryptionContextEquals: equals, EncryptionContextSubset: subset } = parent;
  if (equals !== undefined)
    return child.EncryptionContextEquals !== undefined && isSame(child.EncryptionContextEquals, equals);
  if (subset === undefined) return true;
  const narrower = child.EncryptionContextEquals ?? child.EncryptionContextSubset;
  return narrower !== undefined && includes(narrower, subset);
}
