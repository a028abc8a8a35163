/**
 * Reports over an organization are about its roots and units, as AWS Organizations knows them. It is not there, so nobody can have such a
 * report made, and there is none to get.
 */
import { fail } from '#platform/error.ts';
import type * as Model from '#platform/model/generated/iam.ts';
import type { Call } from '#platform/service.ts';

export const generateOrganizationsReport = (
  _: Model.GenerateOrganizationsAccessReportRequest,
  { account }: Call,
): never => fail('AccessDenied', `Account ${account} is not the management account of an organization.`);

export const getOrganizationsReport = ({ JobId }: Model.GetOrganizationsAccessReportRequest): never =>
  fail('NoSuchEntity', `Job with id ${JobId} cannot be found.`);
