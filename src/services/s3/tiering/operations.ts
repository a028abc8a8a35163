/** Operations on configurations of the archive tiers of INTELLIGENT_TIERING. */
import type {
  DeleteBucketIntelligentTieringConfigurationRequest,
  GetBucketIntelligentTieringConfigurationOutput,
  GetBucketIntelligentTieringConfigurationRequest,
  IntelligentTieringConfiguration,
  ListBucketIntelligentTieringConfigurationsOutput,
  ListBucketIntelligentTieringConfigurationsRequest,
  PutBucketIntelligentTieringConfigurationRequest,
} from '#platform/model/generated/s3.ts';
import type { Call } from '#platform/service.ts';
import { accessOf } from '#services/s3/access.ts';
import { type ConfigurationKind, keeperOf } from '#services/s3/configurations/configurations.ts';
import { checkFilter } from '#services/s3/configurations/filters.ts';
import { fail, invalidArgument } from '#services/s3/errors.ts';
import type { S3Parts } from '#services/s3/parts.ts';
import { TIER_1, TIER_2 } from '#services/s3/rows.ts';
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

export const tieringOperations = (parts: S3Parts) => {
  const { bucket } = accessOf(parts);
  const keeper = keeperOf(parts, kindOf(parts));
  const write = { ...bucket, usage: TIER_1, action: 's3:PutIntelligentTieringConfiguration' } as const;
  const read = { ...bucket, usage: TIER_2, access: 'read', action: 's3:GetIntelligentTieringConfiguration' } as const;
  return {
    GetBucketIntelligentTieringConfiguration: {
      handler: (
        input: GetBucketIntelligentTieringConfigurationRequest,
        call: Call,
      ): GetBucketIntelligentTieringConfigurationOutput => ({
        IntelligentTieringConfiguration: keeper.get(input, call),
      }),
      ...read,
    },
    PutBucketIntelligentTieringConfiguration: {
      handler: (input: PutBucketIntelligentTieringConfigurationRequest, call: Call): void =>
        keeper.put(input, input.IntelligentTieringConfiguration, call),
      ...write,
    },
    DeleteBucketIntelligentTieringConfiguration: {
      handler: (input: DeleteBucketIntelligentTieringConfigurationRequest, call: Call): void =>
        keeper.remove(input, call),
      ...write,
    },
    ListBucketIntelligentTieringConfigurations: {
      handler: (
        input: ListBucketIntelligentTieringConfigurationsRequest,
        call: Call,
      ): ListBucketIntelligentTieringConfigurationsOutput => {
        const { configurations, paging } = keeper.list(input, call);
        return { IntelligentTieringConfigurationList: configurations, ...paging };
      },
      ...read,
    },
  } as const;
};
