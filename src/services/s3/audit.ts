/**
 * S3's records: members have the names that they have on the wire (`x-amz-acl`, `versionId`), the bucket is `bucketName`, and what the
 * query names stands there too ("CloudTrail log file entries for Amazon S3"; `Host` and its form as records have it today, from memory).
 */
import type { AuditedRequest, RequestAdditions } from '#platform/audit/record.ts';
import { type AuditNames, smallFirst } from '#platform/audit/redact.ts';
import type { OperationModel } from '#platform/model/schema.ts';

/** What is in an object is in no record. */
const CONTENT = 'Body';

export const auditNames: AuditNames = (member, { location, locationName = member }) => {
  if (member === CONTENT) return undefined;
  if (location !== 'uri') return locationName;
  return member === 'Bucket' ? 'bucketName' : smallFirst(member);
};

const AUTHENTICATION_METHODS = { header: 'AuthHeader', query: 'QueryString', post: 'HtmlForm' } as const;

export function auditedRequest(
  { http }: OperationModel,
  { address, requestId, tls }: AuditedRequest,
): RequestAdditions {
  const [, query = ''] = http?.requestUri.split('?') ?? [];
  const literals = query.split('&').filter((name) => name !== '' && !name.includes('='));
  const { signed } = address ?? {};
  return {
    parameters: { ...Object.fromEntries(literals.map((name) => [name, ''])), ...(address && { Host: address.host }) },
    additionalEventData: {
      ...(signed && {
        SignatureVersion: signed.algorithm === 'AWS' ? 'SigV2' : 'SigV4',
        AuthenticationMethod: AUTHENTICATION_METHODS[signed.form],
      }),
      ...(tls && { CipherSuite: tls.cipherSuite }),
      'x-amz-id-2': Buffer.from(requestId).toString('base64'),
    },
  };
}
