/** Managed policies by ARN: the account's own from its rows, those of AWS from the table of documents. */
import { parseArn } from '#platform/base/arn.ts';
import { type AccountId, isAccountId } from '#platform/base/ids.ts';
import { fail } from '#platform/error.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { invalidInput, policyNotFound } from '#services/iam/errors.ts';
import { nameKey, nameOfArn } from '#services/iam/names.ts';
import { type AwsManagedPolicy, awsManagedPolicy } from '#services/iam/policies/aws-managed.ts';
import { type PolicyRow, policies, policyVersions } from '#services/iam/state.ts';

const CUSTOMER_ARN = /^arn:aws:iam::(\d{12}):policy(\/.*)?\/[^/]+$/;

/** The account's own policy of this ARN; the path must be the policy's own. */
function customerPolicy(tx: ReadTransaction, account: AccountId, arn: string): PolicyRow | undefined {
  if (CUSTOMER_ARN.exec(arn)?.[1] !== account) return undefined;
  const name = nameOfArn(arn);
  const row = tx.get(policies, policies.key(nameKey(name)));
  return row && arn === `arn:aws:iam::${account}:policy${row.path}${row.name}` ? row : undefined;
}

/** The document that is in force: that of the default version. */
export function managedDocument(tx: ReadTransaction, account: AccountId, arn: string): string | undefined {
  const aws = awsManagedPolicy(arn);
  if (aws) return aws.document;
  const row = customerPolicy(tx, account, arn);
  return row && tx.get(policyVersions, policyVersions.key(row.id, row.defaultVersion))?.document;
}

/** Throws InvalidInput for text that can't be a policy's ARN. */
export function checkPolicyArn(arn: string): void {
  const parsed = parseArn(arn);
  const isPolicy = parsed?.service === 'iam' && parsed.resource.startsWith('policy/');
  if (!isPolicy || !(parsed.account === 'aws' || isAccountId(parsed.account))) invalidInput(`ARN ${arn} is not valid.`);
}

export type FoundPolicy =
  | { readonly kind: 'aws'; readonly policy: AwsManagedPolicy }
  | { readonly kind: 'customer'; readonly row: PolicyRow };

export function requirePolicy(tx: ReadTransaction, account: AccountId, arn: string): FoundPolicy {
  checkPolicyArn(arn);
  const policy = awsManagedPolicy(arn);
  if (policy) return { kind: 'aws', policy };
  return { kind: 'customer', row: customerPolicy(tx, account, arn) ?? policyNotFound(arn) };
}

/** For changes: what AWS manages is the same for everybody. */
export function ownPolicy(tx: ReadTransaction, account: AccountId, arn: string): PolicyRow {
  const found = requirePolicy(tx, account, arn);
  return found.kind === 'customer' ? found.row : fail('AccessDenied', `Policy ${arn} is managed by AWS.`);
}
