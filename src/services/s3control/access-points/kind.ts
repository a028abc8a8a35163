/** Access points as a kind of resource: `arn:aws:s3:<region>:<account>:accesspoint/<name>`. */
import { parseArn } from '#platform/base/arn.ts';
import type { Kind } from '#platform/service.ts';
import { accessPointArn, findAccessPoint } from '#services/s3control/access-points/open.ts';
import { accessPoints } from '#services/s3control/state.ts';

const nameOfArn = (arn: string): string | undefined =>
  /^accesspoint\/([^/]+)$/.exec(parseArn(arn)?.resource ?? '')?.[1];

export const accessPointKind: Kind = {
  name: 'accesspoint',
  cloudFormationType: 'AWS::S3::AccessPoint',
  list(tx, after, limit) {
    const from = after === undefined ? undefined : nameOfArn(after);
    const { account, region } = tx.partition.name;
    if (account === 'global') return [];
    return tx
      .range(accessPoints, { limit, ...(from !== undefined && { after: accessPoints.key(from) }) })
      .map(({ row }) => accessPointArn(account, region, row.name));
  },
  exists(tx, arn) {
    const name = nameOfArn(arn);
    return name !== undefined && findAccessPoint(tx, name)?.arn === arn;
  },
  policy(tx, arn) {
    const name = nameOfArn(arn);
    return name === undefined ? undefined : findAccessPoint(tx, name)?.policy;
  },
  tagging: {
    tag: {
      operation: 'TagResource',
      input: (arn, tags) => ({
        AccountId: parseArn(arn)?.account,
        ResourceArn: arn,
        Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
      }),
    },
    untag: {
      operation: 'UntagResource',
      input: (arn, TagKeys) => ({ AccountId: parseArn(arn)?.account, ResourceArn: arn, TagKeys: [...TagKeys] }),
    },
  },
  remove: {
    operation: 'DeleteAccessPoint',
    input: (arn) => ({ AccountId: parseArn(arn)?.account, Name: nameOfArn(arn) }),
  },
  holdsData: false,
};
