/**
 * What other services use of KMS. They call its operations like any caller, by `call.invoke('kms', …)`: as the one who called
 * them, with kms:ViaService of theirs, through the same authoriser and into the same audit. This is what makes that easy.
 */
import type { Call } from '#platform/service.ts';

export interface EnvelopeKey {
  /**
   * As the resource's setting names it: key id or ARN, alias or alias ARN; `alias/aws/sqs` for the service's own key. What is
   * no ARN is of the account and region that the call works in, whoever makes it.
   */
  readonly keyId: string;
  /** Binds what is sealed to its resource: `{ 'aws:sqs:arn': 'arn:aws:sqs:…' }`. */
  readonly context: Readonly<Record<string, string>>;
  /** How long a data key may be used again by the same principal; 0 for a new one each time. */
  readonly reuseMilliseconds: number;
  /** Each new data key is decrypted once before it seals anything, as SQS does it: who seals needs kms:Decrypt too. */
  readonly isVerified?: true;
}

/** In the clear, so in memory alone. */
export interface DataKey {
  /** As KMS encrypted it, in base 64: it is kept with what it seals. */
  readonly encrypted: string;
  /** `additionalData` names the place that the sealed bytes belong to, and is not kept with them. */
  seal(plaintext: Uint8Array, additionalData: string): Buffer;
  open(sealed: Uint8Array, additionalData: string): Buffer;
}

export interface Envelope {
  /** The data key, encrypted under the KMS key: it is kept with what it sealed. */
  readonly dataKey: Uint8Array;
  readonly sealed: Uint8Array;
}

/** Envelope encryption: AES-256-GCM under data keys of KMS. What KMS refuses, these throw as KMS words it. */
export interface Envelopes {
  /** The ARN of the key; makes the AWS managed key of an alias `alias/aws/…` that has none yet. */
  keyArn(call: Call, keyId: string): Promise<string>;
  /** At once where one may be used again. Otherwise KMS is asked, as soon as no transaction runs: a handler may `Suspend`. */
  sealingKey(call: Call, key: EnvelopeKey): DataKey | Promise<DataKey>;
  openingKey(call: Call, key: Omit<EnvelopeKey, 'keyId'>, encrypted: string): DataKey | Promise<DataKey>;
  /**
   * For what is done later, when nobody is there to ask: whether the caller might use the key now. KMS's code if it refuses. A
   * trial (DryRun): nothing is made or opened.
   */
  refusalOf(
    call: Call,
    key: Pick<EnvelopeKey, 'keyId' | 'context'>,
    operation: 'Decrypt' | 'GenerateDataKey',
  ): Promise<string | undefined>;
  seal(call: Call, key: EnvelopeKey, plaintext: Uint8Array, additionalData: string): Promise<Envelope>;
  /** Under a data key that was made here and encrypted by kms:Encrypt, for who may do that and not kms:GenerateDataKey (S3's replication). */
  sealByEncrypt(
    call: Call,
    key: EnvelopeKey,
    plaintext: Uint8Array,
    additionalData: string,
  ): Promise<Envelope & { readonly keyArn: string }>;
  open(call: Call, key: EnvelopeKey, envelope: Envelope, additionalData: string): Promise<Buffer>;
}
