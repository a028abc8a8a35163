/** What other services may ask of S3 beside its operations. */
import type { AccountId, Region } from '#platform/base/ids.ts';
import type { CompiledPolicy } from '#platform/policy/parse.ts';
import type { CallScope } from '#platform/service.ts';

export interface BucketFacts {
  /** Where a bucket is; undefined: there is none of the name. */
  find(
    name: string,
  ): { readonly account: AccountId; readonly region: Region; readonly service?: 's3express' } | undefined;
  /** Whether a policy opens its access point to everybody ("The meaning of public"). */
  isPublicPoint(policy: CompiledPolicy, point: { readonly vpcId?: string }): boolean;
  /** What counts of a bucket's policy for the caller. */
  policyInForce(name: string, scope: Pick<CallScope, 'principal' | 'door'>): CompiledPolicy | undefined;
  arnOf(name: string): string;
  tagsOf(name: string): Readonly<Record<string, string>>;
  /** On disk when the promise resolves. */
  changeTags(name: string, set: Readonly<Record<string, string>>, remove: readonly string[]): Promise<void>;
}

// Answers of the internal operations that batch jobs of S3 Control call (batch/).

/** A version as a generated manifest chooses it. */
export interface BatchVersion {
  readonly key: string;
  /** Of a bucket that has, or had, versioning. */
  readonly versionId?: string;
  readonly isDeleteMarker: boolean;
  readonly modifiedAt: number;
  readonly bytes: number;
  readonly storageClass: string;
  readonly encryption: 'AES256' | 'aws:kms' | 'aws:kms:dsse' | 'SSE-C';
  readonly keyArn?: string;
  readonly hasBucketKey?: boolean;
  readonly replicationStatus: 'NONE' | 'PENDING' | 'COMPLETED' | 'FAILED' | 'REPLICA';
  /** A rule of the bucket's replication takes it somewhere. */
  readonly isEligible: boolean;
}

export interface BatchCursor {
  readonly table: 'objects' | 'versions';
  readonly after?: string;
}

export interface BatchPage {
  readonly versions: readonly BatchVersion[];
  readonly next?: BatchCursor;
}

/** Of an object's bytes as they are now. */
export interface ComputedChecksum {
  readonly digest: Uint8Array;
  readonly parts?: number;
  readonly etag: string;
}
