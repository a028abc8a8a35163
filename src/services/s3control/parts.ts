/** What S3 Control's operations are made with. */
import type { CallAsRole } from '#platform/jobs/as-role.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { PrincipalDirectory } from '#platform/policy/principal-ids.ts';
import type { Store } from '#platform/store/store.ts';
import type { BucketFacts } from '#services/s3/api.ts';
import type { PublicAccess } from '#services/s3control/api.ts';

export interface S3ControlParts {
  readonly store: Store;
  readonly pages: PageTokens;
  readonly buckets: BucketFacts;
  readonly publicAccess: PublicAccess;
  readonly principals: PrincipalDirectory;
  readonly callAsRole: CallAsRole;
}
