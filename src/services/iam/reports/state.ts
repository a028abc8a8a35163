/** Reports of last use, as they were when they were asked for. */

import { jsonRows, table, text } from '#platform/store/keys.ts';
import type { EntityKind } from '#services/iam/state.ts';

export interface ReportedEntity {
  readonly noun: EntityKind;
  readonly id: string;
  readonly name: string;
  readonly path: string;
  readonly arn: string;
}

/** The last time that an entity tried an action. */
export interface Access {
  readonly entity: string;
  /** The prefix of the service's actions. */
  readonly service: string;
  readonly action: string;
  readonly at: number;
  readonly region: string;
}

export interface AccessReportRow {
  readonly createdAt: number;
  readonly completedAt: number;
  /** The unique id of who asked: nobody else may read it. */
  readonly askedBy: string;
  readonly granularity: 'SERVICE_LEVEL' | 'ACTION_LEVEL';
  /** Prefixes of the services that the policies give access to, in order. */
  readonly services: readonly string[];
  /** Those who could have used the policies. */
  readonly entities: readonly ReportedEntity[];
  readonly accesses: readonly Access[];
}

/** By job id. */
export const accessReports = table('access-report', [text], jsonRows<AccessReportRow>(1));
