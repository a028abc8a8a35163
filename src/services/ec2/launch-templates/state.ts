/** Launch templates, and their versions apart: those are large, hold user data, and never change. */
import type { RequestLaunchTemplateData } from '#platform/model/generated/ec2.ts';
import { jsonRows, table, text, u64 } from '#platform/store/keys.ts';
import { rowsById } from '#services/ec2/rows.ts';

export interface LaunchTemplateRow {
  readonly id: string;
  readonly name: string;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly defaultVersion: number;
  /** Numbers are not used again. */
  readonly latestVersion: number;
}

export interface LaunchTemplateVersionRow {
  readonly description?: string;
  readonly createdBy: string;
  readonly createdAt: number;
  /** As it came. */
  readonly data: RequestLaunchTemplateData;
}

export const launchTemplates = rowsById<LaunchTemplateRow>('launch-template');
/** Name -> id. */
export const launchTemplateNames = table('launch-template-name', [text], jsonRows<{ readonly id: string }>(1));
/** Template's id, number. */
export const launchTemplateVersions = table(
  'launch-template-version',
  [text, u64],
  jsonRows<LaunchTemplateVersionRow>(1),
  { isSealed: true },
);
