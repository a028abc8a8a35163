/**
 * What all cryptographic operations have in common: grant tokens, the refusal of attested recipients (there is no enclave here
 * that could be one), the key's state and usage, DryRun, and the note of the key's last use.
 */
import { minutes } from '#platform/base/clock.ts';
import type * as Model from '#platform/model/generated/kms.ts';
import type { Call } from '#platform/service.ts';
import type { Partition } from '#platform/store/store.ts';
import type { EncryptionContext } from '#services/kms/ciphertext/ciphertext.ts';
import { fail } from '#services/kms/errors.ts';
import { checkGrantTokens } from '#services/kms/grants/tokens.ts';
import { keyOf } from '#services/kms/identify.ts';
import { checkState } from '#services/kms/keys/key-states.ts';
import { findKey, keyMemory, type OpenKey } from '#services/kms/keys/open-key.ts';
import { MAX_CONTEXT_LENGTH } from '#services/kms/limits.ts';
import type { KmsParts } from '#services/kms/parts.ts';
import { type LastUsageRow, lastUsages } from '#services/kms/state.ts';

interface CommonInput {
  readonly GrantTokens?: readonly string[];
  readonly Recipient?: object;
  readonly DryRun?: boolean;
}

type Handler<In, Out> = (input: In, call: Call) => Out | Promise<Out>;

/** A handler with all of it. Its output's KeyId is the ARN of the key that it used. */
export const cryptographic =
  <In extends CommonInput, Out extends { readonly KeyId?: string }>(
    parts: KmsParts,
    handler: (parts: KmsParts, input: In, call: Call) => Out | Promise<Out>,
  ): Handler<In, Out> =>
  (input, call) => {
    checkGrantTokens(parts, input.GrantTokens);
    if (input.Recipient !== undefined) fail('Attestation');
    const finish = (output: Out): Out => {
      if (input.DryRun) fail('DryRun');
      if (output.KeyId !== undefined) noteUse(call.partition, output.KeyId, call);
      return output;
    };
    const output = handler(parts, input, call);
    return output instanceof Promise ? output.then(finish) : finish(output);
  };

/** An enabled key of the usage. */
export function usableKey(call: Call, keyId: string, usage: Model.KeyUsageType, operation = call.operation): OpenKey {
  const key = call.partition.read((tx) => keyOf(tx, call, keyId));
  checkUsable(key, usage, operation);
  return key;
}

export function checkUsable(key: OpenKey, usage: Model.KeyUsageType, operation: string): void {
  checkState(key, 'use');
  if (key.row.usage !== usage) fail('WrongUsage', key.arn, key.row.usage, operation);
}

export function checkContext(context: EncryptionContext | undefined): void {
  if (context === undefined) return;
  let length = 0;
  for (const key of Object.keys(context)) length += key.length + (context[key]?.length ?? 0);
  if (length > MAX_CONTEXT_LENGTH) {
    fail('Validation', `The encryption context must not exceed ${MAX_CONTEXT_LENGTH} characters.`);
  }
}

const WRITTEN_EVERY = minutes(1);
const MOST_NOTED = 10_000;

/** In memory at once, on disk once a minute: a crash forgets no more than that. */
export function noteUse(partition: Partition, arn: string, { operation, now, requestId, eventId }: Call): void {
  const { uses } = partition.memory(keyMemory);
  const before = uses.get(arn);
  if (before !== undefined && before.writtenAt + WRITTEN_EVERY > now) {
    before.operation = operation;
    before.at = now;
    before.requestId = requestId;
    before.eventId = eventId;
    return;
  }
  // Those that are forgotten here have a row that is a minute old at most.
  if (uses.size >= MOST_NOTED) uses.clear();
  uses.set(arn, { operation, at: now, requestId, eventId, writtenAt: now });
  const id = arn.slice(arn.lastIndexOf('/') + 1);
  const row: LastUsageRow = { operation, at: now, requestId, eventId };
  partition.beforeCommit((tx) => {
    if (findKey(tx, id)) tx.put(lastUsages, lastUsages.key(id), row);
  });
}

export function getKeyLastUsage(input: Model.GetKeyLastUsageRequest, call: Call): Model.GetKeyLastUsageResponse {
  const { tx } = call;
  const { row, arn } = keyOf(tx, call, input.KeyId);
  const use = tx.partition.memory(keyMemory).uses.get(arn) ?? tx.get(lastUsages, lastUsages.key(row.id));
  return {
    KeyId: row.id,
    KeyLastUsage: use
      ? {
          // Only operations of this list are noted.
          Operation: use.operation as Model.KeyLastUsageTrackingOperation,
          Timestamp: use.at,
          KmsRequestId: use.requestId,
          ...(use.eventId !== undefined && { CloudTrailEventId: use.eventId }),
        }
      : {},
    TrackingStartDate: row.createdAt,
    KeyCreationDate: row.createdAt,
  };
}
