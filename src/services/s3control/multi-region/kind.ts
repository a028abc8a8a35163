/** Multi-region access points, for the removal of an account: by their names, which is how they are removed, in the place of aliases. */
import { parseArn } from '#platform/base/arn.ts';
import { GLOBAL_REGION, isAccountId, uuid } from '#platform/base/ids.ts';
import type { Kind } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { multiRegionArn } from '#services/s3control/multi-region/open.ts';
import { aliasOf } from '#services/s3control/multi-region/routes.ts';
import { type MultiRegionRow, multiRegionPoints } from '#services/s3control/state.ts';

function rowsOf(tx: ReadTransaction): readonly MultiRegionRow[] {
  const isThere = tx.partition.name.region === GLOBAL_REGION;
  return isThere ? tx.range(multiRegionPoints).map(({ row }) => row) : [];
}

export const multiRegionKind: Kind = {
  name: 'multiregionaccesspoint',
  cloudFormationType: 'AWS::S3::MultiRegionAccessPoint',
  list(tx, after, limit) {
    const { account } = tx.partition.name;
    if (!isAccountId(account)) return [];
    const arns = rowsOf(tx).map(({ name }) => multiRegionArn(account, name));
    return arns.slice(after === undefined ? 0 : arns.indexOf(after) + 1).slice(0, limit);
  },
  exists: (tx, arn) => rowsOf(tx).some(({ name }) => name === aliasOf(arn)),
  remove: {
    operation: 'DeleteMultiRegionAccessPoint',
    input: (arn) => ({ AccountId: parseArn(arn)?.account, ClientToken: uuid(), Details: { Name: aliasOf(arn) } }),
  },
  holdsData: false,
};
