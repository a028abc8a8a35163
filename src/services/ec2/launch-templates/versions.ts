/** Versions of launch templates: numbered, never changed. One may be made of another: what is given stands over that. */
import type {
  CreateLaunchTemplateVersionRequest,
  CreateLaunchTemplateVersionResult,
  DeleteLaunchTemplateVersionsRequest,
  DeleteLaunchTemplateVersionsResult,
  DescribeLaunchTemplateVersionsRequest,
  DescribeLaunchTemplateVersionsResult,
  LaunchTemplateVersion,
  RequestLaunchTemplateData,
  ResponseLaunchTemplateData,
} from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { fail } from '#services/ec2/errors.ts';
import { compileFilters, type Fields } from '#services/ec2/filters.ts';
import { LAUNCH_TEMPLATE_VERSIONS } from '#services/ec2/instance-limits.ts';
import { checkUserData } from '#services/ec2/instances/launch/options.ts';
import { findTemplate, findVersion, versionNumber } from '#services/ec2/launch-templates/find.ts';
import {
  type LaunchTemplateRow,
  type LaunchTemplateVersionRow,
  launchTemplates,
  launchTemplateVersions,
} from '#services/ec2/launch-templates/state.ts';
import { pageOf } from '#services/ec2/pages.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';
import { shownFields } from '#services/ec2/shown-fields.ts';

/** Templates are taken as they are: what is wrong with them is told by a launch. What would be kept for nothing is not taken. */
export function checkData(data: RequestLaunchTemplateData): void {
  if (Object.values(data).every((value) => value === undefined)) fail('MissingParameter', 'LaunchTemplateData');
  if (data.UserData !== undefined) checkUserData(data.UserData);
  if (data.InstanceRequirements !== undefined && data.InstanceType !== undefined) {
    fail('InvalidCombination', 'InstanceType and InstanceRequirements can not be specified together.');
  }
}

export const callerArn = ({ principal, account }: Call): string =>
  'arn' in principal ? principal.arn : `arn:aws:iam::${account}:root`;

export function createLaunchTemplateVersion(
  input: CreateLaunchTemplateVersionRequest,
  call: Call,
): CreateLaunchTemplateVersionResult {
  const { tx, now } = call;
  const template = findTemplate(tx, input);
  const source = input.SourceVersion === undefined ? undefined : versionOf(tx, template, input.SourceVersion);
  checkData({ ...source?.data, ...input.LaunchTemplateData });
  const limit = call.quota(LAUNCH_TEMPLATE_VERSIONS);
  if (tx.range(launchTemplateVersions, { prefix: [template.id], limit }).length >= limit) {
    fail('LaunchTemplateVersionLimitExceeded', limit);
  }
  const number = template.latestVersion + 1;
  const row: LaunchTemplateVersionRow = {
    ...(input.VersionDescription !== undefined && { description: input.VersionDescription }),
    createdBy: callerArn(call),
    createdAt: now,
    data: { ...source?.data, ...input.LaunchTemplateData },
  };
  tx.put(launchTemplateVersions, launchTemplateVersions.key(template.id, number), row);
  const next = { ...template, latestVersion: number };
  launchTemplates.put(tx, next);
  return { LaunchTemplateVersion: shownVersion(next, number, row) };
}

function versionOf(tx: ReadTransaction, template: LaunchTemplateRow, version: string): LaunchTemplateVersionRow {
  const number = versionNumber(template, version);
  return findVersion(tx, template.id, number) ?? fail('NoSuchLaunchTemplateVersion', template.id, version);
}

const shownVersion = (
  { id, name, defaultVersion }: LaunchTemplateRow,
  number: number,
  { description, createdAt, createdBy, data }: LaunchTemplateVersionRow,
): LaunchTemplateVersion => ({
  LaunchTemplateId: id,
  LaunchTemplateName: name,
  VersionNumber: number,
  ...(description !== undefined && { VersionDescription: description }),
  CreateTime: createdAt,
  CreatedBy: createdBy,
  DefaultVersion: number === defaultVersion,
  // The same members in answers as in requests; the model has each of their types twice.
  LaunchTemplateData: data as ResponseLaunchTemplateData,
});

/** At most so many in a call; the default one goes with its template alone. */
const MOST_DELETED = 200;

export function deleteLaunchTemplateVersions(
  input: DeleteLaunchTemplateVersionsRequest,
  { tx }: Call,
): DeleteLaunchTemplateVersionsResult {
  const template = findTemplate(tx, input);
  if (input.Versions.length > MOST_DELETED) fail('InvalidValue', `At most ${MOST_DELETED} versions can be named.`);
  const results = input.Versions.map((version) => {
    const number = versionNumber(template, version);
    return { number, problem: problemOf(tx, template, number) };
  });
  for (const { number, problem } of results) {
    if (problem === undefined) tx.delete(launchTemplateVersions, launchTemplateVersions.key(template.id, number));
  }
  const item = (number: number) => ({
    LaunchTemplateId: template.id,
    LaunchTemplateName: template.name,
    VersionNumber: number,
  });
  return {
    SuccessfullyDeletedLaunchTemplateVersions: results.flatMap(({ number, problem }) =>
      problem === undefined ? item(number) : [],
    ),
    UnsuccessfullyDeletedLaunchTemplateVersions: results.flatMap(({ number, problem }) =>
      problem === undefined ? [] : { ...item(number), ResponseError: problem },
    ),
  };
}

function problemOf(tx: ReadTransaction, template: LaunchTemplateRow, number: number) {
  if (findVersion(tx, template.id, number) === undefined) {
    const Message = `Could not find launch template version ${number}.`;
    return { Code: 'launchTemplateVersionDoesNotExist', Message } as const;
  }
  if (number !== template.defaultVersion) return undefined;
  const Message = 'The default version of a launch template can not be deleted.';
  return { Code: 'unexpectedError', Message } as const;
}

const FIELDS: Fields<LaunchTemplateVersion> = {
  ...shownFields(({ LaunchTemplateData: data }) => data, {
    'ebs-optimized': 'EbsOptimized',
    'http-endpoint': 'MetadataOptions.HttpEndpoint',
    'http-protocol-ipv4': 'MetadataOptions.HttpEndpoint',
    'host-resource-group-arn': 'Placement.HostResourceGroupArn',
    'http-tokens': 'MetadataOptions.HttpTokens',
    'iam-instance-profile': 'IamInstanceProfile.Arn',
    'image-id': 'ImageId',
    'instance-type': 'InstanceType',
    'kernel-id': 'KernelId',
    'license-configuration-arn': 'LicenseSpecifications.LicenseConfigurationArn',
    'network-card-index': 'NetworkInterfaces.NetworkCardIndex',
    'ram-disk-id': 'RamDiskId',
  }),
  'create-time': ({ CreateTime: at }) => (at === undefined ? undefined : new Date(at).toISOString()),
  'is-default-version': ({ DefaultVersion: isDefault }) => String(isDefault),
};

export const describeLaunchTemplateVersions =
  ({ pages }: Ec2Parts) =>
  (input: DescribeLaunchTemplateVersionsRequest, call: Call): DescribeLaunchTemplateVersionsResult => {
    const passes = compileFilters(input.Filters, FIELDS);
    const { Versions: versions = [], Filters, MinVersion, MaxVersion } = input;
    const isOne = input.LaunchTemplateId !== undefined || input.LaunchTemplateName !== undefined;
    const found = isOne ? versionsOfOne(call.tx, input) : versionsOfAll(call.tx, versions);
    const query = [input.LaunchTemplateId, input.LaunchTemplateName, versions, MinVersion, MaxVersion, Filters];
    const { items, more } = pageOf(pages, call, input, query, function* (position) {
      for (const item of found.slice(
        position === undefined ? 0 : 1 + found.findIndex((one) => keyOf(one) === position),
      )) {
        if (passes(item)) yield { item, position: keyOf(item) };
      }
    });
    return { LaunchTemplateVersions: [...items], ...more };
  };

const keyOf = ({ LaunchTemplateId: id, VersionNumber: number }: LaunchTemplateVersion): string => `${id} ${number}`;

/** The latest first. */
function versionsOfOne(tx: ReadTransaction, input: DescribeLaunchTemplateVersionsRequest): LaunchTemplateVersion[] {
  const template = findTemplate(tx, input);
  const { Versions: versions = [], MinVersion: least, MaxVersion: most } = input;
  if (versions.length > 0) {
    const numbers = [...new Set(versions.map((version) => versionNumber(template, version)))];
    return numbers.map((number) => shownVersion(template, number, versionOf(tx, template, String(number))));
  }
  const from = least === undefined ? 1 : versionNumber(template, least);
  const to = most === undefined ? template.latestVersion : versionNumber(template, most);
  const all = tx.range(launchTemplateVersions, { prefix: [template.id], reverse: true });
  return all.flatMap(({ key, row }) => {
    const [, number] = launchTemplateVersions.parts(key);
    return number < from || number > to ? [] : shownVersion(template, number, row);
  });
}

function versionsOfAll(tx: ReadTransaction, versions: readonly string[]): LaunchTemplateVersion[] {
  if (versions.length === 0) return fail('MissingParameter', 'LaunchTemplateId or LaunchTemplateName');
  const numbered = versions.find((version) => version !== '$Latest' && version !== '$Default');
  if (numbered !== undefined) {
    fail('InvalidCombination', 'Numbered versions can only be described of a launch template that is named.');
  }
  return launchTemplates.all(tx).flatMap((template) => {
    const numbers = new Set(versions.map((version) => versionNumber(template, version)));
    return [...numbers].flatMap((number) => {
      const row = findVersion(tx, template.id, number);
      return row === undefined ? [] : shownVersion(template, number, row);
    });
  });
}
