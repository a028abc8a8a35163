/** What EC2's operations are made with. */
import type { PageTokens } from '#platform/page-token.ts';

export interface Ec2Parts {
  readonly pages: PageTokens;
  /** Those of this cloud. */
  readonly regions: readonly string[];
}
