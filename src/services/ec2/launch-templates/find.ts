/** Launch templates by id or name, and their versions by number, `$Latest` or `$Default`. */
import type { RequestLaunchTemplateData } from '#platform/model/generated/ec2.ts';
import type { ReadTransaction } from '#platform/store/store.ts';
import { fail } from '#services/ec2/errors.ts';
import {
  type LaunchTemplateRow,
  type LaunchTemplateVersionRow,
  launchTemplateNames,
  launchTemplates,
  launchTemplateVersions,
} from '#services/ec2/launch-templates/state.ts';

export interface TemplateName {
  readonly LaunchTemplateId?: string;
  readonly LaunchTemplateName?: string;
}

const FORM = /^lt-(?:[0-9a-f]{8}|[0-9a-f]{17})$/;

/** Throws where there is none, or both names, or neither. */
export function findTemplate(tx: ReadTransaction, given: TemplateName): LaunchTemplateRow {
  const { LaunchTemplateId: id, LaunchTemplateName: name } = given;
  if (id !== undefined && name !== undefined) {
    fail('InvalidCombination', 'Only one of LaunchTemplateId and LaunchTemplateName can be specified.');
  }
  if (id !== undefined) return templateOfId(tx, id);
  if (name === undefined) return fail('MissingParameter', 'LaunchTemplateId or LaunchTemplateName');
  return templateOfName(tx, name);
}

export function templateOfId(tx: ReadTransaction, id: string): LaunchTemplateRow {
  if (!FORM.test(id)) fail('MalformedLaunchTemplateId', id);
  return launchTemplates.find(tx, id) ?? fail('NoSuchLaunchTemplateId', id);
}

export function templateOfName(tx: ReadTransaction, name: string): LaunchTemplateRow {
  const id = tx.get(launchTemplateNames, launchTemplateNames.key(name))?.id;
  return (id === undefined ? undefined : launchTemplates.find(tx, id)) ?? fail('NoSuchLaunchTemplateName', name);
}

export function versionNumber(template: LaunchTemplateRow, version: string): number {
  if (version === '$Latest') return template.latestVersion;
  if (version === '$Default') return template.defaultVersion;
  if (!/^[1-9]\d{0,14}$/.test(version)) {
    fail('InvalidParameter', 'LaunchTemplateVersion', version, 'Use a number, $Latest or $Default.');
  }
  return Number(version);
}

export const findVersion = (tx: ReadTransaction, id: string, number: number): LaunchTemplateVersionRow | undefined =>
  tx.get(launchTemplateVersions, launchTemplateVersions.key(id, number));

export interface UsedTemplate {
  readonly template: LaunchTemplateRow;
  readonly number: number;
  readonly data: RequestLaunchTemplateData;
}

/** The version that a launch is made by: the default one unless it says which. */
export function usedTemplate(tx: ReadTransaction, given: TemplateName & { readonly Version?: string }): UsedTemplate {
  const template = findTemplate(tx, given);
  const number = versionNumber(template, given.Version ?? '$Default');
  const found = findVersion(tx, template.id, number);
  if (found === undefined) return fail('NoSuchLaunchTemplateVersion', template.id, String(number));
  return { template, number, data: found.data };
}
