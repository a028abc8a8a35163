/**
 * Writes what the audit says of a call: in the account that it works in, within the call's transaction; in those of a caller from
 * elsewhere and of resources that it names (a role of another account), with the same `sharedEventID`; and of a refused or failed
 * call in the caller's account alone, so that nobody fills another's.
 */
import { writeRecord } from '#platform/audit/journal.ts';
import { type AuditPlace, recordOf } from '#platform/audit/record.ts';
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
  if (isRecorded(cloud, call, call.account)) write(tx, call, call, output, undefined);
}

/** When a record is on disk. */
type Gate = Promise<void> | undefined;

/** The records of the other accounts that a call concerns, and of another region; what there is to wait for. */
export function writeOthersAudit(
  cloud: Cloud,
  call: LiveCall,
  output: Output,
): readonly Gate[] | Promise<readonly Gate[]> {
  const { otherAccounts, otherRegion, account: own, region } = call;
  if (otherAccounts.length === 0 && otherRegion === undefined) return NOWHERE;
  const places: AuditPlace[] = [
    ...otherAccounts.map((account) => ({ account, region })),
    ...(otherRegion === undefined ? [] : [{ account: own, region: otherRegion }]),
  ];
  return writeEach(cloud, call, output, places);
}

const NOWHERE: readonly Gate[] = [];

async function writeEach(
  cloud: Cloud,
  call: LiveCall,
  output: Output,
  places: readonly AuditPlace[],
): Promise<readonly Gate[]> {
  const gates: Gate[] = [];
  for (const place of places) {
    const partition = await again(() => {
      // Names in ARNs are anybody's to make up: an account that does not exist gets no partition.
      if (!cloud.identity.isAccount(place.account) || !isRecorded(cloud, call, place.account)) return undefined;
      const other = cloud.store.partition({ service: call.service, ...place });
      other.transact((tx) => write(tx, call, place, output, undefined));
      return other;
    });
    const gate = partition?.durable();
    // Who waits for all of them sees it.
    gate?.catch(() => {});
    gates.push(gate);
  }
  return gates;
}

/** A store that can't write must not hide the refusal. */
export async function writeRefusal(cloud: Cloud, call: LiveCall, error: ServiceError): Promise<void> {
  const account = refusedIn(call);
  if (account === undefined || error.status === STORE_FAILS) return;
  try {
    const partition = await again(() => {
      if (!isRecorded(cloud, call, account)) return undefined;
      const own = cloud.store.partition({ service: call.service, account, region: call.region });
      own.transact((tx) => write(tx, call, { account, region: call.region }, undefined, error));
      return own;
    });
    await partition?.durable();
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

function write(
  tx: Transaction,
  call: LiveCall,
  place: AuditPlace,
  output: Output | undefined,
  error: ServiceError | undefined,
): void {
  writeRecord(tx, recordOf(call.audited(place, output, error)));
}
