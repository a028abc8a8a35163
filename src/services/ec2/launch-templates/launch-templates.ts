/** Launch templates: made, described, their default version chosen, deleted. A template always has a version at least. */
import type {
  CreateLaunchTemplateRequest,
  CreateLaunchTemplateResult,
  DeleteLaunchTemplateRequest,
  DeleteLaunchTemplateResult,
  DescribeLaunchTemplatesRequest,
  DescribeLaunchTemplatesResult,
  LaunchTemplate,
  ModifyLaunchTemplateRequest,
  ModifyLaunchTemplateResult,
} from '#platform/model/generated/ec2.ts';
import type { Call, CallScope } from '#platform/service.ts';
import { deleteTags, setTags, type Tags, tagsOf } from '#platform/tags.ts';
import { describe, type Tagged } from '#services/ec2/describe.ts';
import { fail } from '#services/ec2/errors.ts';
import type { Fields } from '#services/ec2/filters.ts';
import { LAUNCH_TEMPLATES } from '#services/ec2/instance-limits.ts';
import {
  findTemplate,
  findVersion,
  type TemplateName,
  templateOfId,
  templateOfName,
  versionNumber,
} from '#services/ec2/launch-templates/find.ts';
import {
  type LaunchTemplateRow,
  launchTemplateNames,
  launchTemplates,
  launchTemplateVersions,
} from '#services/ec2/launch-templates/state.ts';
import { callerArn, checkData } from '#services/ec2/launch-templates/versions.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { newId, resourceArn } from '#services/ec2/resources.ts';
import { shownTags, tagsFor } from '#services/ec2/tags/tag-specifications.ts';

const NAME = /^[A-Za-z0-9().\-/_]{3,128}$/;

export const templateArn = (id: string, scope: Pick<CallScope, 'region' | 'account'>): string =>
  resourceArn(scope, 'launch-template', id);

const shownTemplate = (row: LaunchTemplateRow, tags: Tags): LaunchTemplate => ({
  LaunchTemplateId: row.id,
  LaunchTemplateName: row.name,
  CreateTime: row.createdAt,
  CreatedBy: row.createdBy,
  DefaultVersionNumber: row.defaultVersion,
  LatestVersionNumber: row.latestVersion,
  Tags: shownTags(tags),
});

export function createLaunchTemplate(input: CreateLaunchTemplateRequest, call: Call): CreateLaunchTemplateResult {
  const { tx, now } = call;
  const { LaunchTemplateName: name, LaunchTemplateData: data, VersionDescription: description } = input;
  const tags = tagsFor('launch-template', input);
  if (!NAME.test(name)) fail('MalformedLaunchTemplateName');
  if (tx.get(launchTemplateNames, launchTemplateNames.key(name)) !== undefined) fail('LaunchTemplateExists');
  const limit = call.quota(LAUNCH_TEMPLATES);
  if (launchTemplates.ids(tx, undefined, limit).length >= limit) fail('LaunchTemplateLimitExceeded', limit);
  checkData(data);
  const made = { createdBy: callerArn(call), createdAt: now };
  const row: LaunchTemplateRow = { id: newId('lt'), name, ...made, defaultVersion: 1, latestVersion: 1 };
  launchTemplates.put(tx, row);
  tx.put(launchTemplateNames, launchTemplateNames.key(name), { id: row.id });
  const version = { ...made, data, ...(description !== undefined && { description }) };
  tx.put(launchTemplateVersions, launchTemplateVersions.key(row.id, 1), version);
  setTags(tx, templateArn(row.id, call), tags);
  return { LaunchTemplate: shownTemplate(row, tags) };
}

export function deleteLaunchTemplate(input: DeleteLaunchTemplateRequest, call: Call): DeleteLaunchTemplateResult {
  const { tx } = call;
  const row = findTemplate(tx, input);
  const tags = tagsOf(tx, templateArn(row.id, call));
  launchTemplates.drop(tx, row.id);
  tx.delete(launchTemplateNames, launchTemplateNames.key(row.name));
  tx.deleteRange(launchTemplateVersions, [row.id]);
  deleteTags(tx, templateArn(row.id, call));
  return { LaunchTemplate: shownTemplate(row, tags) };
}

export function modifyLaunchTemplate(input: ModifyLaunchTemplateRequest, call: Call): ModifyLaunchTemplateResult {
  const { tx } = call;
  const row = findTemplate(tx, input);
  const version = input.DefaultVersion ?? fail('MissingParameter', 'DefaultVersion');
  const defaultVersion = versionNumber(row, version);
  if (findVersion(tx, row.id, defaultVersion) === undefined) fail('NoSuchLaunchTemplateVersion', row.id, version);
  const next = { ...row, defaultVersion };
  launchTemplates.put(tx, next);
  return { LaunchTemplate: shownTemplate(next, tagsOf(tx, templateArn(row.id, call))) };
}

const FIELDS: Fields<Tagged<LaunchTemplateRow>> = {
  'create-time': ({ createdAt }) => new Date(createdAt).toISOString(),
  'launch-template-name': ({ name }) => name,
};

const NOUN = {
  rows: launchTemplates,
  type: 'launch-template',
  fields: FIELDS,
  absent: (id: string) => fail('NoSuchLaunchTemplateId', id),
} as const;

/** The smallest page is one here (DescribeLaunchTemplatesMaxResults: 1 to 200); `pageOf` knows the usual. */
export const describeLaunchTemplates =
  ({ pages }: Ec2Parts) =>
  (input: DescribeLaunchTemplatesRequest, call: Call): DescribeLaunchTemplatesResult => {
    const { LaunchTemplateIds: ids = [], LaunchTemplateNames: names = [] } = input;
    for (const id of ids) templateOfId(call.tx, id);
    const named = [...ids, ...names.map((name) => templateOfName(call.tx, name).id)];
    const { items, more } = describe(pages, call, NOUN, input, named);
    return { LaunchTemplates: items.map(({ tags, ...row }) => shownTemplate(row, tags)), ...more };
  };

/** By id or by name: permissions go by the id. */
export const onTemplate = {
  resource: (input: TemplateName, scope: CallScope) =>
    templateArn(scope.read((tx) => findTemplate(tx, input)).id, scope),
} as const;
