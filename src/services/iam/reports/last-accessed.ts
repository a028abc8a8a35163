/**
 * Access advisor: which services a user, role, group or policy opens, and when they were last used. AWS makes the report in the
 * background; here it is whole when its id is answered, and asking for it needs no second try.
 */
import { days, type Milliseconds } from '#platform/base/clock.ts';
import { uuid } from '#platform/base/ids.ts';
import { fail } from '#platform/error.ts';
import type * as Model from '#platform/model/generated/iam.ts';
import type { Principal } from '#platform/principal.ts';
import type { Call } from '#platform/service.ts';
import type { Transaction } from '#platform/store/store.ts';
import { invalidInput } from '#services/iam/errors.ts';
import { counted, pageOf } from '#services/iam/paging.ts';
import type { IamParts } from '#services/iam/parts.ts';
import { lastAccesses } from '#services/iam/reports/accesses.ts';
import { servicesGranted } from '#services/iam/reports/services-granted.ts';
import { type Access, type AccessReportRow, accessReports } from '#services/iam/reports/state.ts';
import { subjectOf } from '#services/iam/reports/subjects.ts';

/** Nobody asks for an old report; AWS does not say how long it keeps them. */
const KEPT: Milliseconds = days(7);
const MOST_REPORTS = 50;

/** A session's includes its name: "by the same role within a session, or by the same user". */
const idOf = (principal: Principal): string => ('userId' in principal ? principal.userId : principal.kind);

export const generateLastAccessed =
  ({ history, registry, actions }: IamParts) =>
  async (
    input: Model.GenerateServiceLastAccessedDetailsRequest,
    call: Call,
  ): Promise<Model.GenerateServiceLastAccessedDetailsResponse> => {
    const { account, clock, now } = call;
    const { policies, entities } = call.partition.read((tx) => subjectOf(tx, account, input.Arn));
    const ids = new Set(entities.map(({ id }) => id));
    const accesses = await lastAccesses({ history, registry: registry() }, account, ids);
    const JobId = uuid();
    const report: AccessReportRow = {
      createdAt: now,
      completedAt: clock.now(),
      askedBy: idOf(call.principal),
      granularity: input.Granularity ?? 'SERVICE_LEVEL',
      services: servicesGranted(policies, actions()),
      entities,
      accesses,
    };
    call.transact((tx) => {
      makeRoom(tx, now);
      tx.put(accessReports, accessReports.key(JobId), report);
    });
    return { JobId };
  };

function makeRoom(tx: Transaction, now: Milliseconds): void {
  const newestFirst = tx.range(accessReports).sort((a, b) => b.row.createdAt - a.row.createdAt);
  for (const [index, { key, row }] of newestFirst.entries()) {
    if (index >= MOST_REPORTS - 1 || row.createdAt + KEPT < now) tx.delete(accessReports, key);
  }
}

function reportOf(JobId: string, call: Call): AccessReportRow {
  const report = call.tx.get(accessReports, accessReports.key(JobId));
  if (report?.askedBy === idOf(call.principal)) return report;
  return fail('NoSuchEntity', `Job with id ${JobId} cannot be found.`);
}

const datesOf = ({ createdAt, completedAt }: AccessReportRow) => ({
  JobStatus: 'COMPLETED' as const,
  JobCreationDate: createdAt,
  JobCompletionDate: completedAt,
});

export const getLastAccessed =
  ({ pages, actions }: IamParts) =>
  (input: Model.GetServiceLastAccessedDetailsRequest, call: Call): Model.GetServiceLastAccessedDetailsResponse => {
    const report = reportOf(input.JobId, call);
    const { items, end } = pageOf(pages, call, input, input.JobId, counted(report.services));
    return {
      ...datesOf(report),
      JobType: report.granularity,
      ServicesLastAccessed: items.map((prefix) => serviceView(report, prefix, actions().nameOf(prefix) ?? prefix)),
      ...end,
    };
  };

function serviceView(report: AccessReportRow, prefix: string, ServiceName: string): Model.ServiceLastAccessed {
  const accesses = report.accesses.filter(({ service }) => service === prefix);
  const last = latest(accesses);
  const arnOf = ({ entity }: Access): string => report.entities.find(({ id }) => id === entity)?.arn ?? '';
  const TrackedActionsLastAccessed = latestOfEach(accesses, ({ action }) => action).map((access) => ({
    ActionName: access.action,
    LastAccessedEntity: arnOf(access),
    LastAccessedTime: access.at,
    LastAccessedRegion: access.region,
  }));
  return {
    ServiceName,
    ServiceNamespace: prefix,
    ...(last && {
      LastAuthenticated: last.at,
      LastAuthenticatedEntity: arnOf(last),
      LastAuthenticatedRegion: last.region,
    }),
    TotalAuthenticatedEntities: new Set(accesses.map(({ entity }) => entity)).size,
    ...(last && report.granularity === 'ACTION_LEVEL' && { TrackedActionsLastAccessed }),
  };
}

const latest = (accesses: readonly Access[]): Access | undefined => [...accesses].sort((a, b) => b.at - a.at)[0];

/** In the order of the keys. */
function latestOfEach(accesses: readonly Access[], keyOf: (access: Access) => string): Access[] {
  const byKey = new Map<string, Access>();
  for (const access of [...accesses].sort((a, b) => a.at - b.at)) byKey.set(keyOf(access), access);
  return [...byKey.keys()].sort().flatMap((key) => byKey.get(key) ?? []);
}

const ENTITY_TYPES = { user: 'USER', role: 'ROLE', group: 'GROUP' } as const;

export const getLastAccessedEntities =
  ({ pages, actions }: IamParts) =>
  (
    input: Model.GetServiceLastAccessedDetailsWithEntitiesRequest,
    call: Call,
  ): Model.GetServiceLastAccessedDetailsWithEntitiesResponse => {
    const { JobId, ServiceNamespace: namespace } = input;
    const report = reportOf(JobId, call);
    if (actions().nameOf(namespace) === undefined) invalidInput(`Invalid service namespace: ${namespace}`);
    const accesses = report.accesses.filter(({ service }) => service === namespace);
    const details = report.entities
      .map((entity) => ({ entity, last: latest(accesses.filter((access) => access.entity === entity.id))?.at }))
      .sort((a, b) => (b.last ?? 0) - (a.last ?? 0));
    const { items, end } = pageOf(pages, call, input, [JobId, namespace], counted(details));
    return {
      ...datesOf(report),
      EntityDetailsList: items.map(({ entity: { arn, name, noun, id, path }, last }) => ({
        EntityInfo: { Arn: arn, Name: name, Type: ENTITY_TYPES[noun], Id: id, Path: path },
        ...(last !== undefined && { LastAuthenticated: last }),
      })),
      ...end,
    };
  };
