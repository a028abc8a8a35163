/** Tags of jobs, which policies may ask for. */
import type {
  DeleteJobTaggingRequest,
  GetJobTaggingRequest,
  GetJobTaggingResult,
  PutJobTaggingRequest,
  S3Tag,
} from '#platform/model/generated/s3control.ts';
import type { Call } from '#platform/service.ts';
import { deleteTags, setTags, type Tags, tagsOf } from '#platform/tags.ts';
import { badRequest, fail } from '#services/s3control/errors.ts';
import { jobArn, openJob } from '#services/s3control/jobs/jobs.ts';

const MOST_TAGS = 50;

export function tagsOfSet(set: readonly S3Tag[]): Tags {
  if (set.length > MOST_TAGS) fail('TooManyTagsException');
  const tags = Object.fromEntries(set.map(({ Key, Value }) => [Key, Value]));
  if (Object.keys(tags).length < set.length) badRequest('Cannot provide multiple Tags with the same key');
  if (Object.keys(tags).some((key) => /^aws:/i.test(key)))
    badRequest('System tags cannot be added/updated by requester');
  return tags;
}

const arnOf = (id: string, call: Call): string => jobArn(call.account, call.region, openJob(call.tx, id).id);

export function getJobTagging({ JobId }: GetJobTaggingRequest, call: Call): GetJobTaggingResult {
  const tags = tagsOf(call.tx, arnOf(JobId, call));
  return { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
}

/** The whole set is replaced. */
export function putJobTagging({ JobId, Tags: set }: PutJobTaggingRequest, call: Call): object {
  const arn = arnOf(JobId, call);
  const tags = tagsOfSet(set);
  deleteTags(call.tx, arn);
  setTags(call.tx, arn, tags);
  return {};
}

export function deleteJobTagging({ JobId }: DeleteJobTaggingRequest, call: Call): object {
  deleteTags(call.tx, arnOf(JobId, call));
  return {};
}
