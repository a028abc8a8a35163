/** What Batch Operations is made with. */
import type { CallAsRole } from '#platform/jobs/as-role.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { BucketPlace } from '#services/s3/api.ts';

export interface JobsParts {
  readonly pages: PageTokens;
  readonly callAsRole: CallAsRole;
  /** Who has which bucket name. */
  readonly directory: { find(name: string): BucketPlace | undefined };
}
