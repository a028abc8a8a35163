/** Lists of queues, and their tags. */
import type {
  ListDeadLetterSourceQueuesRequest,
  ListDeadLetterSourceQueuesResult,
  ListQueuesRequest,
  ListQueuesResult,
  ListQueueTagsRequest,
  ListQueueTagsResult,
  TagQueueRequest,
  UntagQueueRequest,
} from '#platform/model/generated/sqs.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { Call } from '#platform/service.ts';
import { afterPrefix, type Key } from '#platform/store/keys.ts';
import { checkTags, removeTags, setTags, tagsOf } from '#platform/tags.ts';
import { queueAddress, queueArn, queueUrl } from './address.ts';
import { fail } from './errors.ts';
import { MAX_LIST_RESULTS } from './limits.ts';
import { openQueue } from './open-queue.ts';
import { TAG_ERRORS } from './queue.ts';
import { deadLetterSources, queues } from './state.ts';

/** AWS gives a token only to calls that said how many results they want. */
function pageSize(maxResults: number | undefined): number {
  if (maxResults === undefined) return MAX_LIST_RESULTS;
  if (maxResults < 1 || maxResults > MAX_LIST_RESULTS) {
    fail('ParameterReason', maxResults, 'MaxResults', 'MaxResults must be an integer between 1 and 1000.');
  }
  return maxResults;
}

interface Page {
  readonly shown: readonly string[];
  readonly token: { readonly NextToken?: string };
}

/** One name more than the limit was read, if there is one: then a next page follows. */
function pageOf(pages: PageTokens, call: Call, query: object, names: readonly string[], maxResults?: number): Page {
  const limit = maxResults ?? MAX_LIST_RESULTS;
  const shown = names.slice(0, limit).map((name) => queueUrl(call, name));
  const last = names[limit - 1];
  if (maxResults === undefined || names.length <= limit || last === undefined) return { shown, token: {} };
  return { shown, token: { NextToken: pages.seal(call, query, last) } };
}

const positionOf = (pages: PageTokens, call: Call, query: object, token: string | undefined): string | undefined =>
  token === undefined ? undefined : pages.open(call, query, token, () => fail('InvalidNextToken'));

export function listQueues(pages: PageTokens, input: ListQueuesRequest, call: Call): ListQueuesResult {
  const limit = pageSize(input.MaxResults);
  const prefix = input.QueueNamePrefix ?? '';
  const query = { prefix };
  const after = positionOf(pages, call, query, input.NextToken);
  // A name's key ends with two zero bytes; without them it is the prefix of all names that start so.
  const from = queues.keyPrefix(prefix).slice(0, -2) as Key;
  const rows = call.tx.range(queues, {
    from,
    before: afterPrefix(from),
    limit: limit + 1,
    ...(after === undefined ? {} : { after: queues.key(after) }),
  });
  const names = rows.map(({ row }) => row.name);
  const { shown, token } = pageOf(pages, call, query, names, input.MaxResults);
  return shown.length === 0 ? {} : { QueueUrls: shown, ...token };
}

export function listDeadLetterSourceQueues(
  pages: PageTokens,
  input: ListDeadLetterSourceQueuesRequest,
  call: Call,
): ListDeadLetterSourceQueuesResult {
  const { row } = openQueue(call.tx, queueAddress(input.QueueUrl).name);
  const limit = pageSize(input.MaxResults);
  const query = { of: row.name };
  const after = positionOf(pages, call, query, input.NextToken);
  const rows = call.tx.range(deadLetterSources, {
    prefix: [row.name],
    limit: limit + 1,
    ...(after === undefined ? {} : { after: deadLetterSources.key(row.name, after) }),
  });
  const names = rows.map(({ key }) => deadLetterSources.parts(key)[1]);
  const { shown, token } = pageOf(pages, call, query, names, input.MaxResults);
  return { queueUrls: shown, ...token };
}

export function listQueueTags(input: ListQueueTagsRequest, call: Call): ListQueueTagsResult {
  const { row } = openQueue(call.tx, queueAddress(input.QueueUrl).name);
  const tags = tagsOf(call.tx, queueArn(call, row.name));
  return Object.keys(tags).length === 0 ? {} : { Tags: tags };
}

export function tagQueue(input: TagQueueRequest, call: Call): void {
  const { row } = openQueue(call.tx, queueAddress(input.QueueUrl).name);
  const arn = queueArn(call, row.name);
  checkTags(input.Tags, tagsOf(call.tx, arn), TAG_ERRORS);
  setTags(call.tx, arn, input.Tags);
}

export function untagQueue(input: UntagQueueRequest, call: Call): void {
  const { row } = openQueue(call.tx, queueAddress(input.QueueUrl).name);
  removeTags(call.tx, queueArn(call, row.name), input.TagKeys);
}
