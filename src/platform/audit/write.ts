/**
 * Writes what the audit says of a call: in the account that it works in, within the call's transaction; in those of a caller from
 * elsewhere and of resources that it names (a role of another account), with the same `sharedEventID`. So it is with a call that
 * was permitted and failed; one that was refused is in the caller's account alone, so that nobody fills another's.
 */
import { writeRecord } from '#platform/audit/journal.ts';
import { type AuditedCall, type AuditPlace, recordOf } from '#platform/audit/record.ts';
import { parseArn } from '#platform/base/arn.ts';
import { type AccountId, isAccountId } from '#platform/base/ids.ts';
import type { LiveCall } from '#platform/call.ts';
import type { Cloud } from '#platform/cloud.ts';
import type { ServiceError } from '#platform/error.ts';
import type { Output } from '#platform/service.ts';
import { again } from '#platform/store/again.ts';
import type { Transaction } from '#platform/store/store.ts';

/** Management events always, data events where a trail of the account asks for them. */
const isRecorded = ({ audit }: Cloud, call: LiveCall, account: AccountId): boolean =>
  call.isManagement || audit.wantsData(account, call);

export function writeAudit(cloud: Cloud, tx: Transaction, call: LiveCall, output: Output): void {
  if (!isRecorded(cloud, call, call.account)) return;
  writeRecord(tx, recordOf(call.audited(call.account, output, undefined, call.otherAccounts.length > 0)));
}

/** When a record is on disk. */
type Gate = Promise<void> | undefined;

/** A record in another partition than the call's. */
interface Elsewhere extends AuditPlace {
  readonly audited: () => AuditedCall;
}

/** The records of the other accounts that a call concerns, and of another region; what there is to wait for. */
export function writeOthersAudit(
  cloud: Cloud,
  call: LiveCall,
  output: Output,
): readonly Gate[] | Promise<readonly Gate[]> {
  const { otherAccounts, region } = call;
  const there = call.elsewhere(output);
  if (otherAccounts.length === 0 && there === undefined) return NOWHERE;
  const records: Elsewhere[] = otherAccounts.map((account) => ({
    ...{ account, region },
    audited: () => call.audited(account, output, undefined, true),
  }));
  if (there !== undefined) {
    records.push({ account: call.account, region: there.region, audited: () => call.auditedElsewhere(there) });
  }
  return writeEach(cloud, call, records);
}

const NOWHERE: readonly Gate[] = [];

async function writeEach(cloud: Cloud, call: LiveCall, records: readonly Elsewhere[]): Promise<readonly Gate[]> {
  const gates: Gate[] = [];
  for (const { account, region, audited } of records) {
    const partition = await again(() => {
      // Names in ARNs are anybody's to make up: an account that does not exist gets no partition.
      if (!cloud.identity.isAccount(account) || !isRecorded(cloud, call, account)) return undefined;
      const other = cloud.store.partition({ service: call.service, account, region });
      other.transact((tx) => writeRecord(tx, recordOf(audited())));
      return other;
    });
    const gate = partition?.durable();
    // Who waits for all of them sees it.
    gate?.catch(() => {});
    gates.push(gate);
  }
  return gates;
}

/** `isPermitted`: what has failed is more than an attempt. A store that can't write must not hide the refusal. */
export async function writeRefusal(
  cloud: Cloud,
  call: LiveCall,
  error: ServiceError,
  isPermitted: boolean,
): Promise<void> {
  if (error.status === STORE_FAILS) return;
  const { region } = call;
  const concerned = isPermitted ? [call.account, ...call.otherAccounts] : [];
  const accounts = [...new Set([refusedIn(call) ?? [], concerned].flat())];
  try {
    const audited = (account: AccountId) => call.audited(account, undefined, error, accounts.length > 1);
    const records = accounts.map((account) => ({ account, region, audited: () => audited(account) }));
    for (const gate of await writeEach(cloud, call, records)) await gate;
  } catch (failure) {
    call.log.log('error', 'refusal not audited', { requestId: call.requestId, reason: String(failure) });
  }
}

/** The account whose audit has a caller's refusals. Of somebody whom a provider vouches for, it is the provider's. */
function refusedIn({ principal, callerAccount }: LiveCall): AccountId | undefined {
  if (principal.kind === 'service') return principal.sourceAccount;
  if (principal.kind !== 'external') return callerAccount;
  const account = parseArn(principal.provider)?.account ?? '';
  return isAccountId(account) ? account : undefined;
}

const STORE_FAILS = 503;
