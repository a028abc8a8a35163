/** Tags of users, roles and policies. IAM's tag keys are not distinguished by case: a new spelling replaces the old one. */
import type { Tag } from '#platform/model/generated/iam.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { Call } from '#platform/service.ts';
import type { Transaction } from '#platform/store/store.ts';
import { checkTags, deleteTags, removeTags, setTags, tagsOf } from '#platform/tags.ts';
import { invalidInput } from '#services/iam/errors.ts';
import { identitiesChanged } from '#services/iam/identity/memory.ts';
import { counted, type PageEnd, type PageInput, pageOf } from '#services/iam/paging.ts';

export const tagList = (tags: Readonly<Record<string, string>>): Tag[] =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

export function writeTags(tx: Transaction, arn: string, list: readonly Tag[] = []): void {
  const names = list.map(({ Key }) => Key.toLowerCase());
  if (new Set(names).size < names.length) {
    invalidInput('Duplicate tag keys found. Please note that Tag keys are case insensitive.');
  }
  const tags = Object.fromEntries(list.map(({ Key, Value }) => [Key, Value]));
  const existing = tagsOf(tx, arn);
  const replaced = Object.keys(existing).filter((key) => names.includes(key.toLowerCase()));
  const kept = Object.fromEntries(Object.entries(existing).filter(([key]) => !replaced.includes(key)));
  checkTags(tags, kept, { invalid: 'InvalidInput', tooMany: 'LimitExceeded' });
  removeTags(tx, arn, replaced);
  setTags(tx, arn, tags);
  identitiesChanged(tx);
}

/** When a resource gets another name or path. */
export function moveTags(tx: Transaction, from: string, to: string): void {
  if (from === to) return;
  const tags = tagsOf(tx, from);
  deleteTags(tx, from);
  setTags(tx, to, tags);
}

/** The ARN of what the input names; throws if it is not there. */
type Target<In> = (input: In, call: Call) => string;

export const tag =
  <In>(target: Target<In>) =>
  (input: In & { readonly Tags: readonly Tag[] }, call: Call): void =>
    writeTags(call.tx, target(input, call), input.Tags);

export const untag =
  <In>(target: Target<In>) =>
  (input: In & { readonly TagKeys: readonly string[] }, call: Call): void => {
    const arn = target(input, call);
    const names = input.TagKeys.map((key) => key.toLowerCase());
    const gone = Object.keys(tagsOf(call.tx, arn)).filter((key) => names.includes(key.toLowerCase()));
    removeTags(call.tx, arn, gone);
    identitiesChanged(call.tx);
  };

export const listTags =
  <In>(pages: PageTokens, target: Target<In>) =>
  (input: In & PageInput, call: Call): { Tags: Tag[] } & PageEnd => {
    const arn = target(input, call);
    const { items, end } = pageOf(pages, call, input, arn, counted(tagList(tagsOf(call.tx, arn))));
    return { Tags: items, ...end };
  };
