/** Managed policies by ARN: the account's own from its rows, those of AWS from the table of documents. */
import type { AccountId } from '#platform/base/ids.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { awsManagedPolicy } from '#services/iam/aws-managed.ts';
import { nameKey, nameOfArn } from '#services/iam/names.ts';
import { type PolicyRow, policies, policyVersions } from '#services/iam/state.ts';

const CUSTOMER_ARN = /^arn:aws:iam::(\d{12}):policy(\/.*)?\/[^/]+$/;

/** The account's own policy of this ARN; the path must be the policy's own. */
export function customerPolicy(tx: ReadTransaction, account: AccountId, arn: string): PolicyRow | undefined {
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
