/**
 * What KMS keeps: an account's keys in a region are one partition, `kms/<account>/<region>`. A key is a row that says what it
 * is, its policy, and one row for each key material that it ever had: rotation adds one, and old ciphertext still names the
 * old one. Material is sealed for its account, region, key and id (material.ts); nothing else here is secret.
 */
import type { Region } from '#platform/base/ids.ts';
import type {
  GrantConstraints,
  GrantOperation,
  KeyMaterialState,
  KeySpec,
  KeyState,
  KeyUsageType,
  RotationType,
} from '#platform/model/generated/kms.ts';
import type { SavedPrincipals } from '#platform/policy/principal-ids.ts';
import { jsonRows, type RowCodec, table, text, u64 } from '#platform/store/keys.ts';

/** Milliseconds since 1970. */
type Time = number;
type Empty = Readonly<Record<string, never>>;

/** The primary of related multi-Region keys, and the others. Every one of them keeps the same. */
export interface Related {
  readonly primary: Region;
  readonly replicas: readonly Region[];
  /** Counts the changes: of two related keys that differ, the higher one is right. */
  readonly version: number;
}

export interface KeyRow {
  readonly id: string;
  readonly createdAt: Time;
  readonly description: string;
  readonly usage: KeyUsageType;
  readonly spec: KeySpec;
  readonly origin: 'AWS_KMS' | 'EXTERNAL';
  readonly manager: 'AWS' | 'CUSTOMER';
  readonly state: KeyState;
  /** Of a key that is pending deletion; a primary with replicas has only the days, until the last replica is gone. */
  readonly deletionAt?: Time;
  readonly pendingWindowDays?: number;
  readonly related?: Related;
  /** Automatic rotation, when it is enabled. */
  readonly rotation?: { readonly periodDays: number; readonly nextAt: Time };
  readonly onDemandRotations: number;
  /** Undefined until material is imported. */
  readonly currentMaterial?: string;
}

export interface MaterialRow {
  readonly id: string;
  /** Undefined when imported material expired or was deleted, or is still to be imported into a replica. */
  readonly sealed?: string;
  /** Of a key pair: SubjectPublicKeyInfo in base 64. */
  readonly publicKey?: string;
  readonly state: KeyMaterialState;
  readonly rotatedAt?: Time;
  readonly rotationType?: RotationType;
  readonly description?: string;
  /** When imported material expires. */
  readonly validTo?: Time;
}

export interface AliasRow {
  readonly target: string;
  readonly createdAt: Time;
  readonly updatedAt: Time;
}

export interface GrantRow {
  readonly id: string;
  readonly createdAt: Time;
  readonly name?: string;
  /** An ARN, or a service's name. */
  readonly grantee: string;
  /** Unique ids of the user or role that the ARN meant when the grant was made. */
  readonly granteeId?: string;
  readonly isGranteeService: boolean;
  readonly retiring?: string;
  readonly retiringId?: string;
  readonly isRetiringService: boolean;
  readonly issuer: string;
  readonly operations: readonly GrantOperation[];
  readonly constraints?: GrantConstraints;
}

export interface LastUsageRow {
  readonly operation: string;
  readonly at: Time;
  readonly requestId: string;
  /** Of its record in the audit; rows of before there was one have none. */
  readonly eventId?: string;
}

const plainText: RowCodec<string> = { encode: (value) => value, decode: (bytes) => bytes.toString('utf8') };

/** Key id. */
export const keys = table('key', [text], jsonRows<KeyRow>(1));
export const policies = table('policy', [text], plainText);
/** Whom the policy meant when it was saved; without a row, nobody who is followed. */
export const policyPrincipals = table('policy-principals', [text], jsonRows<SavedPrincipals>(1));
export const lastUsages = table('last-usage', [text], jsonRows<LastUsageRow>(1));
/** Key id, number of the material. */
export const materials = table('material', [text, u64], jsonRows<MaterialRow>(1));

/** `alias/…`; and the aliases of a key. */
export const aliases = table('alias', [text], jsonRows<AliasRow>(1));
export const aliasesOf = table('alias-of', [text, text], jsonRows<Empty>(1));

/** Key id, grant id. */
export const grants = table('grant', [text, text], jsonRows<GrantRow>(1));
/** Key id, grantee (by its unique id, where it has one), grant id: what the authoriser asks for. */
export const grantsTo = table('grant-to', [text, text, text], jsonRows<Empty>(1));
/** Retiring principal (likewise), key id, grant id. */
export const retirable = table('retirable', [text, text, text], jsonRows<Empty>(1));

/** Key id, region: a related key there that still has to be told. */
export const untold = table('untold', [text, text], jsonRows<Empty>(1));

/** `keys`, or `grants/<key id>` -> how many there are: what the quotas count. */
export const counts = table('count', [text], jsonRows<{ readonly count: number }>(1));
