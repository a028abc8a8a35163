/** Quotas as their services declare them, with the account's own values: ListServices, ListServiceQuotas and their kin. */
import { formatArn } from '#platform/base/arn.ts';
import { fail } from '#platform/error.ts';
import type * as Model from '#platform/model/generated/service-quotas.ts';
import type { PageTokens } from '#platform/page-token.ts';
import { defaultQuota, effectiveQuota } from '#platform/quotas.ts';
import type { RegisteredService, Registry } from '#platform/registry.ts';
import type { Call, QuotaDeclaration } from '#platform/service.ts';
import type { Store } from '#platform/store/store.ts';

export interface QuotaDeps {
  readonly registry: () => Registry;
  readonly store: Store;
  readonly pages: PageTokens;
  readonly regions: readonly string[];
}

const DEFAULT_PAGE = 100;

/** `sqs` for most; a service's name here is its code there. */
const withQuotas = (registry: Registry): RegisteredService[] =>
  registry.described
    .filter(({ facts }) => Object.keys(facts.quotas).length > 0)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));

export interface FoundQuota {
  readonly service: RegisteredService;
  readonly code: string;
  readonly quota: QuotaDeclaration;
}

export function quotaOf(deps: QuotaDeps, serviceCode: string, code: string): FoundQuota {
  const service = serviceOf(deps, serviceCode);
  const quota = service.facts.quotas[code];
  return quota === undefined ? noSuch() : { service, code, quota };
}

/** Throws NoSuchResourceException. */
export function requireQuotas(deps: QuotaDeps, serviceCode: string, code: string | undefined): void {
  if (code === undefined) serviceOf(deps, serviceCode);
  else quotaOf(deps, serviceCode, code);
}

const noSuch = (): never =>
  fail('NoSuchResourceException', 'The request failed because the specified service or quota does not exist.');

function serviceOf(deps: QuotaDeps, code: string): RegisteredService {
  const service = deps.registry().service(code);
  return service === undefined || Object.keys(service.facts.quotas).length === 0 ? noSuch() : service;
}

export const fullName = ({ metadata }: RegisteredService): string => metadata.serviceFullName ?? metadata.serviceId;

export function listServices(
  deps: QuotaDeps,
  input: Model.ListServicesRequest,
  call: Call,
): Model.ListServicesResponse {
  const services = withQuotas(deps.registry()).map((service) => ({
    ServiceCode: service.name,
    ServiceName: fullName(service),
  }));
  const { page, next } = paged(deps, call, services, ({ ServiceCode }) => ServiceCode, input);
  return { Services: page, ...next };
}

export function listServiceQuotas(
  deps: QuotaDeps,
  input: Model.ListServiceQuotasRequest,
  call: Call,
): Model.ListServiceQuotasResponse {
  const quotas = quotasOf(deps, input.ServiceCode).filter(
    ({ code }) => input.QuotaCode === undefined || code === input.QuotaCode,
  );
  const { page, next } = paged(deps, call, quotas, ({ code }) => code, input);
  return { Quotas: page.map((found) => view(found, call, applied(deps, found, call))), ...next };
}

export function listDefaultQuotas(
  deps: QuotaDeps,
  input: Model.ListAWSDefaultServiceQuotasRequest,
  call: Call,
): Model.ListAWSDefaultServiceQuotasResponse {
  const { page, next } = paged(deps, call, quotasOf(deps, input.ServiceCode), ({ code }) => code, input);
  return { Quotas: page.map((found) => view(found, call, defaultQuota(found.quota, call.region))), ...next };
}

export function getServiceQuota(
  deps: QuotaDeps,
  input: Model.GetServiceQuotaRequest,
  call: Call,
): Model.GetServiceQuotaResponse {
  const found = quotaOf(deps, input.ServiceCode, input.QuotaCode);
  return { Quota: view(found, call, applied(deps, found, call)) };
}

export function getDefaultQuota(
  deps: QuotaDeps,
  input: Model.GetAWSDefaultServiceQuotaRequest,
  call: Call,
): Model.GetAWSDefaultServiceQuotaResponse {
  const found = quotaOf(deps, input.ServiceCode, input.QuotaCode);
  return { Quota: view(found, call, defaultQuota(found.quota, call.region)) };
}

const quotasOf = (deps: QuotaDeps, serviceCode: string): FoundQuota[] => {
  const service = serviceOf(deps, serviceCode);
  return Object.entries(service.facts.quotas)
    .map(([code, quota]) => ({ service, code, quota }))
    .toSorted((a, b) => (a.code < b.code ? -1 : 1));
};

export const applied = (deps: QuotaDeps, { service, code, quota }: FoundQuota, call: Call): number =>
  effectiveQuota(deps.store, call.account, call.region, service.name, code, quota);

export const quotaArn = ({ service, code, quota }: FoundQuota, call: Pick<Call, 'account' | 'region'>): string =>
  formatArn('servicequotas', quota.global ? '' : call.region, call.account, `${service.name}/${code}`);

function view(found: FoundQuota, call: Call, value: number): Model.ServiceQuota {
  const { service, code, quota } = found;
  return {
    ServiceCode: service.name,
    ServiceName: fullName(service),
    QuotaArn: quotaArn(found, call),
    QuotaCode: code,
    QuotaName: quota.name,
    Value: value,
    Unit: quota.unit,
    Adjustable: quota.adjustable,
    GlobalQuota: quota.global ?? false,
    QuotaAppliedAtLevel: 'ACCOUNT',
    Description: quota.description,
  };
}

/** A page of `items`, which are in the order of their keys. */
export function paged<Item>(
  deps: QuotaDeps,
  call: Call,
  items: readonly Item[],
  keyOf: (item: Item) => string,
  input: { readonly NextToken?: string; readonly MaxResults?: number },
): { page: readonly Item[]; next: { NextToken?: string } } {
  const { NextToken: token, MaxResults: most = DEFAULT_PAGE, ...query } = input;
  const invalid = (): never => fail('InvalidPaginationTokenException', 'Invalid token was provided.');
  const after = token === undefined ? undefined : deps.pages.open(call, query, token, invalid);
  const rest = after === undefined ? items : items.filter((item) => keyOf(item) > after);
  const page = rest.slice(0, most);
  const last = page.at(-1);
  const hasMore = last !== undefined && rest.length > page.length;
  return { page, next: hasMore ? { NextToken: deps.pages.seal(call, query, keyOf(last)) } : {} };
}
