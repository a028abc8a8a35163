/** Every protocol by the name that models give it. A service may speak several at once; the router picks. */
import { awsJson } from '#gateway/wire/aws-json.ts';
import type { Protocol } from '#gateway/wire/protocol.ts';
import { awsQuery } from '#gateway/wire/query.ts';
import type { ProtocolName } from '#platform/model/schema.ts';

export const protocols: Partial<Record<ProtocolName, Protocol>> = {
  json: awsJson,
  query: awsQuery,
};
