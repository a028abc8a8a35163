/**
 * Service Quotas: what services declare of their limits, and the accounts' own values. Requests for more wait for an operator,
 * who decides by the `makonis` service; templates and support cases have nothing to stand on here.
 */
import { formatArn } from '#platform/base/arn.ts';
import type { ServiceQuotasOperations as Operations } from '#platform/model/generated/service-quotas.ts';
import { type CallScope, defineService, type Handlers } from '#platform/service.ts';
import {
  getDefaultQuota,
  getServiceQuota,
  listDefaultQuotas,
  listServiceQuotas,
  listServices,
  type QuotaDeps,
} from '#services/service-quotas/quotas.ts';
import { getRequest, listRequests, requestIncrease } from '#services/service-quotas/requests.ts';

const templates = 'quota templates belong to Organizations, which comes later';
const automatic = 'automatic management needs notifications, which come later';
const tags = 'tags on quotas come later';

const notImplemented = {
  AssociateServiceQuotaTemplate: templates,
  DeleteServiceQuotaIncreaseRequestFromTemplate: templates,
  DisassociateServiceQuotaTemplate: templates,
  GetAssociationForServiceQuotaTemplate: templates,
  GetServiceQuotaIncreaseRequestFromTemplate: templates,
  ListServiceQuotaIncreaseRequestsInTemplate: templates,
  PutServiceQuotaIncreaseRequestIntoTemplate: templates,
  CreateSupportCase: 'there is no support desk behind this cloud: ask its operator',
  GetAutoManagementConfiguration: automatic,
  StartAutoManagement: automatic,
  StopAutoManagement: automatic,
  UpdateAutoManagement: automatic,
  GetQuotaUtilizationReport: 'reports need usage metrics, which come later',
  StartQuotaUtilizationReport: 'reports need usage metrics, which come later',
  ListTagsForResource: tags,
  TagResource: tags,
  UntagResource: tags,
} as const;

const all = (): string => '*';
const quota = (input: { ServiceCode: string; QuotaCode: string }, { region, account }: CallScope): string =>
  formatArn('servicequotas', region, account, `${input.ServiceCode}/${input.QuotaCode}`);

export const serviceQuotas = (deps: QuotaDeps) =>
  defineService({
    defaults: { event: 'management', usage: 'Requests' },
    operations: {
      ListServices: { handler: (input, call) => listServices(deps, input, call), resource: all },
      ListServiceQuotas: { handler: (input, call) => listServiceQuotas(deps, input, call), resource: all },
      ListAWSDefaultServiceQuotas: { handler: (input, call) => listDefaultQuotas(deps, input, call), resource: all },
      GetServiceQuota: { handler: (input, call) => getServiceQuota(deps, input, call), resource: all },
      GetAWSDefaultServiceQuota: { handler: (input, call) => getDefaultQuota(deps, input, call), resource: all },
      RequestServiceQuotaIncrease: { handler: (input, call) => requestIncrease(deps, input, call), resource: quota },
      GetRequestedServiceQuotaChange: { handler: (input, call) => getRequest(deps, input, call), resource: all },
      ListRequestedServiceQuotaChangeHistory: {
        handler: (input, call) => listRequests(deps, input, call),
        resource: all,
      },
      ListRequestedServiceQuotaChangeHistoryByQuota: {
        handler: (input, call) => listRequests(deps, input, call),
        resource: all,
      },
    } satisfies Handlers<Operations, typeof notImplemented>,
    notImplemented,
    kinds: {},
    quotas: {},
    throttlingError: 'TooManyRequestsException',
  });
