/**
 * AMIs that this cloud builds: of the owner `amazon`, public, in each region, built when they are first launched. They follow from
 * what the host can build, and are no rows: ids come from the region, the name and the version, so an AMI has the same id for ever,
 * and another version is another AMI. The bytes are one for all regions: the host knows them as `stored`.
 */
import { hash } from 'node:crypto';
import type { BuiltImage, ImageBuilder } from '#platform/compute/volume.ts';

export interface BuiltAmi {
  readonly id: string;
  /** As DescribeImages shows it; the host knows it as `stored`. */
  readonly snapshot: string;
  readonly stored: string;
  /** `makonis-micro-1.0.0` */
  readonly name: string;
  readonly image: BuiltImage;
}

/** Amazon's own account, as its AMIs show it. */
export const AMAZON_ACCOUNT = '137112412989';

const idOf = (prefix: string, ...of: readonly string[]): string =>
  `${prefix}-0${hash('sha256', JSON.stringify(of), 'hex').slice(0, 16)}`;

interface Builder {
  readonly host: { readonly images: Pick<ImageBuilder, 'images'> } | undefined;
}

export const builtAmis = ({ host }: Builder, region: string): readonly BuiltAmi[] =>
  (host?.images.images ?? []).map((image) => ({
    id: idOf('ami', region, image.name, image.version),
    snapshot: idOf('snap', region, image.name, image.version),
    stored: idOf('ami', image.name, image.version),
    name: `${image.name}-${image.version}`,
    image,
  }));

export const builtAmi = (parts: Builder, region: string, id: string): BuiltAmi | undefined =>
  builtAmis(parts, region).find((ami) => ami.id === id);
