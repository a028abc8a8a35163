/** Requested increases: an account asks, an operator decides (by the `makonis` service), the value applies at once. */
import { GLOBAL_REGION, uuid } from '#platform/base/ids.ts';
import { fail } from '#platform/error.ts';
import type * as Model from '#platform/model/generated/service-quotas.ts';
import { applyQuota } from '#platform/quotas.ts';
import type { Call } from '#platform/service.ts';
import type { PartitionName } from '#platform/store/store.ts';
import type { QuotaRequest, QuotaRequestsApi } from '#services/service-quotas/api.ts';
import {
  applied,
  fullName,
  paged,
  type QuotaDeps,
  quotaArn,
  quotaOf,
  requireQuotas,
} from '#services/service-quotas/quotas.ts';
import { type RequestRow, requests } from '#services/service-quotas/state.ts';

export function requestIncrease(
  deps: QuotaDeps,
  input: Model.RequestServiceQuotaIncreaseRequest,
  call: Call,
): Model.RequestServiceQuotaIncreaseResponse {
  const found = quotaOf(deps, input.ServiceCode, input.QuotaCode);
  if (!found.quota.adjustable) {
    fail('IllegalArgumentException', `The quota ${input.QuotaCode} is not adjustable.`);
  }
  if (input.DesiredValue <= applied(deps, found, call)) {
    fail('IllegalArgumentException', 'The desired value must be greater than the current value of the quota.');
  }
  const isOpen = call.tx
    .range(requests)
    .some(
      ({ row }) =>
        row.status === 'PENDING' && row.quotaCode === input.QuotaCode && row.serviceCode === input.ServiceCode,
    );
  if (isOpen)
    fail('ResourceAlreadyExistsException', 'Only one open service quota increase request is allowed per quota.');
  const id = uuid().replaceAll('-', '') + uuid().slice(0, 8);
  const row: RequestRow = {
    serviceCode: input.ServiceCode,
    quotaCode: input.QuotaCode,
    desiredValue: input.DesiredValue,
    status: 'PENDING',
    createdAt: call.now,
    updatedAt: call.now,
    requester: JSON.stringify({
      accountId: call.account,
      callerArn: 'arn' in call.principal ? call.principal.arn : '',
    }),
  };
  call.tx.put(requests, requests.key(id), row);
  return { RequestedQuota: view(deps, id, row, call) };
}

export function getRequest(
  deps: QuotaDeps,
  input: Model.GetRequestedServiceQuotaChangeRequest,
  call: Call,
): Model.GetRequestedServiceQuotaChangeResponse {
  const row = call.tx.get(requests, requests.key(input.RequestId));
  if (row === undefined) return fail('NoSuchResourceException', 'The specified request does not exist.');
  return { RequestedQuota: view(deps, input.RequestId, row, call) };
}

export function listRequests(
  deps: QuotaDeps,
  input: Model.ListRequestedServiceQuotaChangeHistoryRequest & { readonly QuotaCode?: string },
  call: Call,
): Model.ListRequestedServiceQuotaChangeHistoryResponse {
  const { ServiceCode: service, QuotaCode: quota } = input;
  if (service !== undefined) requireQuotas(deps, service, quota);
  const rows = call.tx
    .range(requests)
    .map(({ key, row }) => ({ id: requests.parts(key)[0], row }))
    .filter(({ row }) => input.ServiceCode === undefined || row.serviceCode === input.ServiceCode)
    .filter(({ row }) => input.QuotaCode === undefined || row.quotaCode === input.QuotaCode)
    .filter(({ row }) => input.Status === undefined || row.status === input.Status);
  const { page, next } = paged(deps, call, rows, ({ id }) => id, input);
  return { RequestedQuotas: page.map(({ id, row }) => view(deps, id, row, call)), ...next };
}

function view(deps: QuotaDeps, id: string, row: RequestRow, call: Call): Model.RequestedServiceQuotaChange {
  const found = quotaOf(deps, row.serviceCode, row.quotaCode);
  return {
    Id: id,
    ServiceCode: row.serviceCode,
    ServiceName: fullName(found.service),
    QuotaCode: row.quotaCode,
    QuotaName: found.quota.name,
    DesiredValue: row.desiredValue,
    Status: row.status,
    Created: row.createdAt,
    LastUpdated: row.updatedAt,
    Requester: row.requester,
    QuotaArn: quotaArn(found, call),
    GlobalQuota: found.quota.global ?? false,
    Unit: found.quota.unit,
    QuotaRequestedAtLevel: 'ACCOUNT',
  };
}

/** The operator's side. */
export function quotaRequests(deps: QuotaDeps): QuotaRequestsApi {
  return {
    pending() {
      const places = deps.store.partitions({ service: 'service-quotas' });
      return places.flatMap((place) =>
        deps.store
          .partition(place)
          .read((tx) => tx.range(requests))
          .filter(({ row }) => row.status === 'PENDING')
          .map(({ key, row }) => requestOf(place, requests.parts(key)[0], row)),
      );
    },
    async decide({ account, region, id }, isApproved, now) {
      const place: PartitionName = { service: 'service-quotas', account, region };
      const partition = deps.store.partition(place);
      const asked = partition.read((tx) => tx.get(requests, requests.key(id)));
      await deps
        .registry()
        .service(asked?.serviceCode ?? '')
        ?.loadFacts();
      const decided = partition.transact((tx) => {
        const key = requests.key(id);
        const row = tx.get(requests, key) ?? fail('NoSuchResourceException', 'The specified request does not exist.');
        if (row.status !== 'PENDING') return row;
        const changed: RequestRow = { ...row, status: isApproved ? 'APPROVED' : 'NOT_APPROVED', updatedAt: now };
        tx.put(requests, key, changed);
        const isGlobal = quotaOf(deps, row.serviceCode, row.quotaCode).quota.global;
        if (isApproved && !isGlobal) applyQuota(tx, row.serviceCode, row.quotaCode, row.desiredValue);
        return changed;
      });
      await partition.durable();
      if (decided.status === 'APPROVED') await applyGlobally(deps, place, decided);
      return requestOf(place, id, decided);
    },
    async set({ account, region }, service, code, value) {
      await deps.registry().service(service)?.loadFacts();
      const { quota } = quotaOf(deps, service, code);
      if (!quota.adjustable) fail('IllegalArgumentException', `The quota ${code} is not adjustable.`);
      if (!(value >= 0)) fail('IllegalArgumentException', 'A quota is a number from 0 on.');
      if (!deps.regions.includes(region)) fail('IllegalArgumentException', `There is no region ${region}.`);
      const place: PartitionName = {
        service: 'service-quotas',
        account,
        region: quota.global ? GLOBAL_REGION : region,
      };
      const partition = deps.store.partition(place);
      partition.transact((tx) => applyQuota(tx, service, code, value));
      await partition.durable();
    },
  };
}

/** A global quota's value lies in the account's global partition. Deciding again repeats it: it does no harm. */
async function applyGlobally(deps: QuotaDeps, place: PartitionName, row: RequestRow): Promise<void> {
  if (!quotaOf(deps, row.serviceCode, row.quotaCode).quota.global) return;
  const partition = deps.store.partition({ ...place, region: GLOBAL_REGION });
  partition.transact((tx) => applyQuota(tx, row.serviceCode, row.quotaCode, row.desiredValue));
  await partition.durable();
}

function requestOf(place: PartitionName, id: string, row: RequestRow): QuotaRequest {
  const { serviceCode, quotaCode, desiredValue, status, createdAt } = row;
  // Requests lie in accounts' partitions only, never in the directory's.
  const account = place.account as QuotaRequest['account'];
  return { id, account, region: place.region, serviceCode, quotaCode, desiredValue, status, createdAt };
}
