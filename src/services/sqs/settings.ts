/** A queue's attributes, which the API and the rows hold as text, as the values that handlers use. */
import { parseArn } from '#platform/base/arn.ts';
import { seconds } from '#platform/base/clock.ts';
import { byId } from '#platform/policy/principal-ids.ts';
import { MAX_MESSAGE_BYTES } from './limits.ts';
import type { QueueRow } from './state.ts';

interface Redrive {
  readonly targetArn: string;
  readonly targetName: string;
  readonly maxReceives: number;
}

export interface Settings {
  readonly isFifo: boolean;
  /** Durations in milliseconds. */
  readonly delay: number;
  readonly visibility: number;
  readonly wait: number;
  readonly retention: number;
  readonly maxBytes: number;
  readonly deduplicatesByContent: boolean;
  readonly deduplicatesByGroup: boolean;
  readonly redrive: Redrive | undefined;
  /** What decides: by unique ids of principals. */
  readonly policy: string | undefined;
  /** SSE-KMS. */
  readonly encryption: Encryption | undefined;
}

export interface Encryption {
  readonly keyId: string;
  readonly reuse: number;
}

export const DEFAULTS: Readonly<Record<string, string>> = {
  VisibilityTimeout: '30',
  MaximumMessageSize: String(MAX_MESSAGE_BYTES),
  MessageRetentionPeriod: '345600',
  DelaySeconds: '0',
  ReceiveMessageWaitTimeSeconds: '0',
};

export const DEFAULT_REUSE = seconds(300);

export const FIFO_DEFAULTS: Readonly<Record<string, string>> = {
  ContentBasedDeduplication: 'false',
  DeduplicationScope: 'queue',
  FifoThroughputLimit: 'perQueue',
};

export const setOrDefault = (attributes: Readonly<Record<string, string>>, name: string): string | undefined =>
  attributes[name] ?? DEFAULTS[name];

export const isFifoName = (name: string): boolean => name.endsWith('.fifo');

function redriveOf(policy: string | undefined): Redrive | undefined {
  if (!policy) return undefined;
  // Checked when it was set.
  const { deadLetterTargetArn, maxReceiveCount } = JSON.parse(policy) as Record<string, string | number>;
  const arn = parseArn(String(deadLetterTargetArn));
  if (arn === undefined) return undefined;
  return { targetArn: String(deadLetterTargetArn), targetName: arn.resource, maxReceives: Number(maxReceiveCount) };
}

function encryptionOf(attributes: QueueRow['attributes']): Encryption | undefined {
  const { KmsMasterKeyId: keyId, KmsDataKeyReusePeriodSeconds: period } = attributes;
  if (keyId === undefined) return undefined;
  return { keyId, reuse: period === undefined ? DEFAULT_REUSE : seconds(Number(period)) };
}

export function settingsOf(row: QueueRow): Settings {
  const inSeconds = (name: string): number => seconds(Number(setOrDefault(row.attributes, name)));
  return {
    isFifo: isFifoName(row.name),
    delay: inSeconds('DelaySeconds'),
    visibility: inSeconds('VisibilityTimeout'),
    wait: inSeconds('ReceiveMessageWaitTimeSeconds'),
    retention: inSeconds('MessageRetentionPeriod'),
    maxBytes: Number(setOrDefault(row.attributes, 'MaximumMessageSize')),
    deduplicatesByContent: row.attributes['ContentBasedDeduplication'] === 'true',
    deduplicatesByGroup: row.attributes['DeduplicationScope'] === 'messageGroup',
    redrive: redriveOf(row.attributes['RedrivePolicy']),
    policy: row.attributes['Policy'] && byId(row.attributes['Policy'], row.policyPrincipals ?? {}),
    encryption: encryptionOf(row.attributes),
  };
}
