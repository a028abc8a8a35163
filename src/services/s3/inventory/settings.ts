/** What S3 takes as an inventory configuration, and when its lists are due. */
import type { InventoryConfiguration } from '#platform/model/generated/s3.ts';
import { type ConfigurationKind, configurationsOf } from '#services/s3/configurations/configurations.ts';
import { fail, invalidArgument } from '#services/s3/errors.ts';
import { FORMATS } from '#services/s3/inventory/formats.ts';
import { nextMidnight } from '#services/s3/lifecycle/rules.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { checkDestination } from '#services/s3/reports/destination.ts';
import { cancelReport, dueOf, type NextReport, nextSunday, scheduleReport } from '#services/s3/reports/schedule.ts';

const NAME = 'inventory';

export const inventoryKind = (parts: S3Parts): ConfigurationKind<InventoryConfiguration> => ({
  name: NAME,
  check(configuration, call) {
    const { Destination, Filter, OptionalFields = [] } = configuration;
    const target = Destination.S3BucketDestination;
    if (new Set(OptionalFields).size < OptionalFields.length) fail('MalformedXML');
    if (Filter?.Prefix !== undefined && Buffer.byteLength(Filter.Prefix) > 1024) {
      invalidArgument('Prefix', Filter.Prefix, 'The maximum size of a prefix is 1024.');
    }
    const { SSES3: managed, SSEKMS: kms } = target.Encryption ?? {};
    if (target.Encryption !== undefined && (managed === undefined) === (kms === undefined)) fail('MalformedXML');
    if (FORMATS[target.Format] === undefined) {
      fail('NotImplemented', { message: 'This cloud writes inventory lists as CSV and Parquet, not as ORC.' });
    }
    checkDestination(parts, target, call);
  },
  onPut(tx, bucket, { Id, IsEnabled }, now) {
    const due = dueOf(NAME, bucket, Id);
    // The first list comes within 48 hours, weekly ones on Sundays after it.
    if (IsEnabled) scheduleReport(tx, due, nextMidnight(now, parts.day));
    else cancelReport(tx, due);
  },
});

export const nextInventory =
  ({ day }: S3Parts): NextReport =>
  (tx, { bucketId: id, configuration }, now) => {
    const all = configurationsOf<InventoryConfiguration>(tx, { id }, { name: NAME });
    const found = all.find(({ Id }) => Id === configuration);
    if (!found?.IsEnabled) return undefined;
    return found.Schedule.Frequency === 'Daily' ? nextMidnight(now, day) : nextSunday(now, day);
  };
