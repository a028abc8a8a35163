/**
 * Credit specifications of burstable instances. What is chosen is kept and shown; nothing is throttled by it, as the host's processors are
 * shared by all guests alike, and nothing is charged for it.
 */

import { ServiceError } from '#platform/error.ts';
import type {
  DescribeInstanceCreditSpecificationsRequest,
  DescribeInstanceCreditSpecificationsResult,
  ModifyInstanceCreditSpecificationRequest,
  ModifyInstanceCreditSpecificationResult,
} from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import { fail } from '#services/ec2/errors.ts';
import { compileFilters, type Fields } from '#services/ec2/filters.ts';
import { instancesAfter } from '#services/ec2/instances/describe-instances.ts';
import { findInstance, findInstances } from '#services/ec2/instances/instances.ts';
import type { InstanceRow } from '#services/ec2/instances/state.ts';
import { putInstance } from '#services/ec2/instances/up.ts';
import { pageOf } from '#services/ec2/pages.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';

const FIELDS: Fields<InstanceRow> = { 'instance-id': ({ id }) => id };

/** "If you do not specify an ID, only those with the unlimited option are shown." */
export const describeInstanceCreditSpecifications =
  ({ pages }: Ec2Parts) =>
  (input: DescribeInstanceCreditSpecificationsRequest, call: Call): DescribeInstanceCreditSpecificationsResult => {
    const { tx } = call;
    const { InstanceIds: ids = [], Filters: filters } = input;
    const passes = compileFilters(filters, FIELDS);
    const named = ids.length > 0 ? findInstances(tx, ids) : undefined;
    const noCredits = named?.find(({ credits }) => credits === undefined);
    if (noCredits !== undefined) fail('NoCredits', noCredits.id);
    const { items, more } = pageOf(pages, call, input, [ids, filters], function* (position) {
      for (const row of named ?? instancesAfter(tx, position)) {
        const isMeant = named !== undefined || row.credits === 'unlimited';
        if (isMeant && passes(row)) yield { item: row, position: row.id };
      }
    });
    return {
      InstanceCreditSpecifications: items.map(({ id, credits }) => ({ InstanceId: id, CpuCredits: credits ?? '' })),
      ...more,
    };
  };

/** Each by itself: those that can't be changed are told with the reason. */
export function modifyInstanceCreditSpecification(
  { InstanceCreditSpecifications: given }: ModifyInstanceCreditSpecificationRequest,
  { tx }: Call,
): ModifyInstanceCreditSpecificationResult {
  const results = given.map(({ InstanceId: id, CpuCredits: credits }) => {
    try {
      const row = findInstance(tx, id);
      if (row.credits === undefined) fail('NoCredits', id);
      if (row.state === 'terminated') fail('IncorrectInstanceState', id, 'modified');
      if (credits !== 'standard' && credits !== 'unlimited') fail('InvalidParameter', 'cpuCredits', credits ?? '');
      putInstance(tx, { ...row, credits: credits === 'standard' ? 'standard' : 'unlimited' });
      return { id, error: undefined };
    } catch (error) {
      if (error instanceof ServiceError && error.code in REPORTED) return { id, error };
      throw error;
    }
  });
  return {
    SuccessfulInstanceCreditSpecifications: results.flatMap(({ id, error }) =>
      error === undefined ? { InstanceId: id } : [],
    ),
    UnsuccessfulInstanceCreditSpecifications: results.flatMap(({ id, error }) => {
      const code = error && REPORTED[error.code as keyof typeof REPORTED];
      return error === undefined || code === undefined
        ? []
        : { InstanceId: id, Error: { Code: code, Message: error.message } };
    }),
  };
}

const REPORTED = {
  'InvalidInstanceID.Malformed': 'InvalidInstanceID.Malformed',
  'InvalidInstanceID.NotFound': 'InvalidInstanceID.NotFound',
  IncorrectInstanceState: 'IncorrectInstanceState',
  'InstanceCreditSpecification.NotSupported': 'InstanceCreditSpecification.NotSupported',
} as const;
