/** What a client says of a trail, checked; for an update what it leaves out stays as it was. */
import type * as Model from '#platform/model/generated/cloudtrail.ts';
import type { Call } from '#platform/service.ts';
import { refuse } from './errors.ts';
import type { TrailRow } from './state.ts';
import { ADDRESS } from './trail-names.ts';

export type TrailSettings = Pick<
  TrailRow,
  'bucket' | 'prefix' | 'isMultiRegion' | 'includesGlobalEvents' | 'validatesFiles' | 'kmsKey' | 'isRecursive'
>;

/** "… one or more labels, separated by periods": user guide, "Amazon S3 bucket naming requirements". */
const BUCKET = /^(?=.{3,63}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;
const MOST_PREFIX_CHARACTERS = 200;
const PREFIX = /^[A-Za-z0-9!_.*'()/-]*$/;
const KEY =
  /^(?:arn:aws:kms:[a-z0-9-]+:\d{12}:(?:key|alias)\/.+|alias\/.+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/;

export interface SettingsDeps {
  readonly keyArn: (call: Call, keyId: string) => Promise<string | undefined>;
}

export async function checkSettings(
  deps: SettingsDeps,
  input: Omit<Model.UpdateTrailRequest, 'Name'>,
  call: Call,
  before?: TrailRow,
): Promise<TrailSettings> {
  refuseWhatIsNotThere(input);
  const bucket = input.S3BucketName ?? before?.bucket ?? '';
  if (!BUCKET.test(bucket) || ADDRESS.test(bucket)) refuse('InvalidS3BucketNameException', bucket);
  const prefix = (input.S3KeyPrefix ?? before?.prefix) || undefined;
  if (prefix !== undefined && (prefix.length > MOST_PREFIX_CHARACTERS || !PREFIX.test(prefix))) {
    refuse('InvalidS3PrefixException', prefix);
  }
  const isMultiRegion = input.IsMultiRegionTrail ?? before?.isMultiRegion ?? false;
  const includesGlobalEvents = input.IncludeGlobalServiceEvents ?? before?.includesGlobalEvents ?? true;
  if (isMultiRegion && !includesGlobalEvents) {
    refuse('InvalidParameterCombinationException', 'Multi-Region trail must include global service events.');
  }
  const kmsKey = input.KmsKeyId === undefined ? before?.kmsKey : await keyOf(deps, input.KmsKeyId, call);
  return {
    bucket,
    ...(prefix !== undefined && { prefix }),
    isMultiRegion,
    includesGlobalEvents,
    validatesFiles: input.EnableLogFileValidation ?? before?.validatesFiles ?? false,
    ...(kmsKey !== undefined && { kmsKey }),
    isRecursive: input.RecursiveLogging ?? before?.isRecursive ?? true,
  };
}

/** Topics, log groups and organizations come with their services: what a client names of them does not exist. */
function refuseWhatIsNotThere(input: Omit<Model.UpdateTrailRequest, 'Name'>): void {
  if (input.IsOrganizationTrail) refuse('OrganizationsNotInUseException');
  if (input.SnsTopicName) refuse('InvalidSnsTopicNameException', input.SnsTopicName);
  const { CloudWatchLogsLogGroupArn: group, CloudWatchLogsRoleArn: role } = input;
  if (group) refuse('InvalidCloudWatchLogsLogGroupArnException', group);
  if (role) {
    refuse('InvalidParameterCombinationException', 'A role for CloudWatch Logs can’t be set without its log group.');
  }
}

/** An empty id takes the key away. */
async function keyOf({ keyArn }: SettingsDeps, id: string, call: Call): Promise<string | undefined> {
  if (id === '') return undefined;
  if (!KEY.test(id)) refuse('InvalidKmsKeyIdException', id);
  return (await keyArn(call, id)) ?? refuse('KmsKeyNotFoundException', id);
}
