/** Condition keys that tell how a request came: its signature ("Signature Version 4 Authentication Specific Policy Keys"), TLS, its door. */
import type { CallScope, ConditionValues } from '#platform/service.ts';
import { doorConditions } from '#services/s3/access-points/door.ts';
import type { AccessPoint } from '#services/s3control/api.ts';

const AUTH_TYPES = { header: 'REST-HEADER', query: 'REST-QUERY-STRING', post: 'POST' } as const;

export function requestConditions(
  { address, tls, now }: Pick<CallScope, 'address' | 'tls' | 'now'>,
  door: AccessPoint | undefined,
): ConditionValues {
  const { signed } = address ?? {};
  return {
    ...doorConditions(door),
    ...(tls && { 's3:tlsversion': tls.version.replace(/^TLSv/, '') }),
    ...(signed && {
      's3:authtype': AUTH_TYPES[signed.form],
      's3:signatureversion': signed.algorithm,
      's3:x-amz-content-sha256': signed.payload,
      // "This condition works for presigned URLs and POST. In Signature Version 2, this value is always set to 0."
      ...(signed.form !== 'header' && { 's3:signatureage': signed.at === undefined ? '0' : String(now - signed.at) }),
    }),
  };
}
