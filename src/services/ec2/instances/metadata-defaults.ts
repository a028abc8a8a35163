/**
 * The account's own defaults for metadata options in a region (User Guide, "Configure the instance metadata service defaults"): above
 * what the image says, below what a launch says.
 */
import type {
  GetInstanceMetadataDefaultsResult,
  ModifyInstanceMetadataDefaultsRequest,
  ModifyInstanceMetadataDefaultsResult,
} from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { fail } from '#services/ec2/errors.ts';
import type { MetadataOptions } from '#services/ec2/instances/state.ts';
import { rowsById } from '#services/ec2/rows.ts';

interface DefaultsRow extends Partial<MetadataOptions> {
  readonly id: 'defaults';
  /** Instances without version 2 do not launch at all. */
  readonly enforcesTokens?: boolean;
}

const rows = rowsById<DefaultsRow>('instance-metadata-defaults');
const own = (tx: ReadTransaction): Omit<DefaultsRow, 'id'> => rows.find(tx, 'defaults') ?? {};

export function instanceMetadataDefaults(tx: ReadTransaction, ofImage: MetadataOptions): MetadataOptions {
  const { isEnabled, requiresTokens, hopLimit, showsTags } = own(tx);
  return {
    isEnabled: isEnabled ?? ofImage.isEnabled,
    requiresTokens: requiresTokens ?? ofImage.requiresTokens,
    hopLimit: hopLimit ?? ofImage.hopLimit,
    showsTags: showsTags ?? ofImage.showsTags,
  };
}

/** "When enforcement is enabled, the instance can't launch unless IMDSv2 is set to required." */
export function checkEnforcedTokens(tx: ReadTransaction, { requiresTokens }: MetadataOptions): void {
  if (own(tx).enforcesTokens === true && !requiresTokens) fail('TokensEnforced');
}

/** The word that takes a default away. */
const NONE = 'no-preference';
const NO_HOP_LIMIT = -1;

export function modifyInstanceMetadataDefaults(
  input: ModifyInstanceMetadataDefaultsRequest,
  { tx }: Call,
): ModifyInstanceMetadataDefaultsResult {
  const {
    HttpTokens: tokens,
    HttpPutResponseHopLimit: hops,
    HttpEndpoint: endpoint,
    InstanceMetadataTags: tags,
    HttpTokensEnforced: enforcement,
  } = input;
  if (hops !== undefined && hops !== NO_HOP_LIMIT && (hops < 1 || hops > 64)) {
    fail('InvalidParameter', 'httpPutResponseHopLimit', String(hops), 'Specify a value between 1 and 64, or -1.');
  }
  const before = own(tx);
  const isEnabled = chosen(endpoint, before.isEnabled, 'enabled');
  const requiresTokens = chosen(tokens, before.requiresTokens, 'required');
  const showsTags = chosen(tags, before.showsTags, 'enabled');
  const enforcesTokens = chosen(enforcement, before.enforcesTokens, 'enabled');
  const hopLimit = hops === undefined ? before.hopLimit : hops === NO_HOP_LIMIT ? undefined : hops;
  rows.put(tx, {
    id: 'defaults',
    ...(isEnabled !== undefined && { isEnabled }),
    ...(requiresTokens !== undefined && { requiresTokens }),
    ...(showsTags !== undefined && { showsTags }),
    ...(hopLimit !== undefined && { hopLimit }),
    ...(enforcesTokens !== undefined && { enforcesTokens }),
  });
  return { Return: true };
}

const chosen = (given: string | undefined, before: boolean | undefined, yes: string): boolean | undefined =>
  given === undefined ? before : given === NONE ? undefined : given === yes;

export function getInstanceMetadataDefaults(_: unknown, { tx }: Call): GetInstanceMetadataDefaultsResult {
  const { isEnabled, requiresTokens, hopLimit, showsTags, enforcesTokens } = own(tx);
  return {
    AccountLevel: {
      ...(requiresTokens !== undefined && { HttpTokens: requiresTokens ? 'required' : 'optional' }),
      ...(hopLimit !== undefined && { HttpPutResponseHopLimit: hopLimit }),
      ...(isEnabled !== undefined && { HttpEndpoint: isEnabled ? 'enabled' : 'disabled' }),
      ...(showsTags !== undefined && { InstanceMetadataTags: showsTags ? 'enabled' : 'disabled' }),
      ...(enforcesTokens !== undefined && { HttpTokensEnforced: enforcesTokens ? 'enabled' : 'disabled' }),
      ManagedBy: 'account',
    },
  };
}
