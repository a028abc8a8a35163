/** What services are told of how a request came: its host, and its signature. */
import type { Authentication } from '#gateway/auth/authentication.ts';
import type { FormUpload } from '#gateway/form-upload.ts';
import type { HostFacts } from '#gateway/host.ts';
import type { IncomingRequest } from '#gateway/http/listener.ts';
import type { Address, SignatureFacts } from '#platform/cloud.ts';

export const addressOf = (request: IncomingRequest, signed: SignatureFacts | undefined, host: HostFacts): Address => ({
  service: host.service,
  region: host.region,
  hasBucket: host.bucket !== undefined,
  host: request.headers['host'] ?? '',
  signed,
});

export const signatureOf = ({ algorithm, form, region, time, declaredPayload }: Authentication): SignatureFacts => ({
  algorithm,
  form,
  region,
  at: time,
  payload: form === 'header' ? declaredPayload : undefined,
});

export const VERSION_2 = {
  algorithm: 'AWS',
  form: 'query',
  region: undefined,
  at: undefined,
  payload: undefined,
} as const;

export const signatureOfForm = ({ signed }: FormUpload): SignatureFacts | undefined =>
  signed && { ...(isVersion4(signed) ? signatureOf(signed) : VERSION_2), form: 'post' };

export const isVersion4 = (signed: FormUpload['signed']): signed is Authentication =>
  signed !== undefined && 'algorithm' in signed;
