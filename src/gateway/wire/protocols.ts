/** Every protocol by the name that models give it. A service may speak several at once; the router picks. */
import { awsJson } from '#gateway/wire/aws-json.ts';
import { ec2Query } from '#gateway/wire/ec2-query.ts';
import type { Protocol } from '#gateway/wire/protocol.ts';
import { awsQuery } from '#gateway/wire/query.ts';
import { restJson } from '#gateway/wire/rest-json.ts';
import { restXml } from '#gateway/wire/rest-xml.ts';
import { rpcV2Cbor } from '#gateway/wire/rpc-v2-cbor.ts';
import type { ProtocolName } from '#platform/model/schema.ts';

export const protocols: Readonly<Record<ProtocolName, Protocol>> = {
  json: awsJson,
  query: awsQuery,
  ec2: ec2Query,
  'rest-json': restJson,
  'rest-xml': restXml,
  'smithy-rpc-v2-cbor': rpcV2Cbor,
};
