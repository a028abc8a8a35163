/** Operations on configurations of the archive tiers of INTELLIGENT_TIERING. */
import type { IntelligentTieringConfiguration } from '#platform/model/generated/s3.ts';
import type { ConfigurationKind } from '#services/s3/configurations/configurations.ts';
import { checkFilter } from '#services/s3/configurations/filters.ts';
import { configurationOperations } from '#services/s3/configurations/operations.ts';
import { fail, invalidArgument } from '#services/s3/errors.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { scheduleTiering, TIERING } from '#services/s3/tiering/run.ts';
import type { ArchiveTier } from '#services/s3/tiering/tiers.ts';

/** "at least 90 days and Deep Archive Access tier must be at least 180 days. The maximum can be up to 2 years (730 days)." */
const LEAST_DAYS: Readonly<Record<ArchiveTier, number>> = { ARCHIVE_ACCESS: 90, DEEP_ARCHIVE_ACCESS: 180 };
const MOST_DAYS = 730;

function check({ Filter, Tierings }: IntelligentTieringConfiguration): void {
  checkFilter(Filter);
  const tiers = Tierings.map(({ AccessTier }) => AccessTier);
  if (tiers.length === 0 || new Set(tiers).size < tiers.length) fail('MalformedXML');
  for (const { AccessTier, Days } of Tierings) {
    const least = LEAST_DAYS[AccessTier];
    if (Days < least || Days > MOST_DAYS) {
      invalidArgument('Days', String(Days), `'Days' for ${AccessTier} must be between ${least} and ${MOST_DAYS}`);
    }
  }
  const daysOf = (tier: ArchiveTier) => Tierings.find(({ AccessTier }) => AccessTier === tier)?.Days;
  const [archive, deep] = [daysOf('ARCHIVE_ACCESS'), daysOf('DEEP_ARCHIVE_ACCESS')];
  if (archive !== undefined && deep !== undefined && deep <= archive) {
    invalidArgument('Days', String(deep), "'Days' for DEEP_ARCHIVE_ACCESS must be greater than for ARCHIVE_ACCESS");
  }
}

const kindOf = (parts: S3Parts): ConfigurationKind<IntelligentTieringConfiguration> => ({
  ...TIERING,
  check,
  onPut: (tx, bucket, _, now) => scheduleTiering(tx, bucket, now, parts.day),
});

export const tieringOperations = (parts: S3Parts) =>
  configurationOperations(parts, 'IntelligentTiering', kindOf(parts));
