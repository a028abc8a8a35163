/**
 * Makonis' own service: what AWS has no API for. It is signed like any other, by the operator, who is the root user of
 * account 000000000000 and whose key is made at first start. Every resource here belongs to that account, so nobody
 * else is allowed anything: no rule of its own, the authoriser's cross-account rule. What people need to sign in (people.ts) is
 * open to all.
 */
import type { Milliseconds } from '#platform/base/clock.ts';
import type { AccountId, Region } from '#platform/base/ids.ts';
import type { Connections } from '#platform/connections.ts';
import { fail } from '#platform/error.ts';
import type * as Model from '#platform/model/generated/makonis.ts';
import type { PageTokens } from '#platform/page-token.ts';
import type { Removal } from '#platform/removal.ts';
import { type Call, defineService, type Handlers } from '#platform/service.ts';
import type { InstancesApi } from '#services/ec2/api.ts';
import type { AccessKeyView, AccountsApi, AccountView, PeopleApi } from '#services/iam/api.ts';
import { instanceOperations } from '#services/makonis/instances.ts';
import { issuerOperations } from '#services/makonis/issuers.ts';
import { accountArn, anyAccount, OPERATOR, owner } from '#services/makonis/operator.ts';
import { peopleOperations } from '#services/makonis/people.ts';
import type { QuotaRequest, QuotaRequestsApi } from '#services/service-quotas/api.ts';
import type { SignInApi } from '#services/signin/api.ts';
import type { SuppliedKeysApi } from '#services/sts/api.ts';

export interface MakonisParts {
  readonly accounts: AccountsApi;
  readonly connections: Connections;
  readonly instances: InstancesApi;
  readonly issuerKeys: SuppliedKeysApi;
  readonly pages: PageTokens;
  readonly people: PeopleApi;
  readonly quotas: QuotaRequestsApi;
  readonly signIn: SignInApi;
  readonly removeResources: (account: AccountId, signal: AbortSignal) => Promise<Removal>;
  readonly version: string;
  readonly regions: readonly string[];
  readonly startedAt: Milliseconds;
}

const DEFAULT_PAGE = 100;

const accountView = ({ id, name, arn, status, createdAt }: AccountView): Model.Account => ({
  Id: id,
  Name: name,
  Arn: arn,
  Status: status,
  CreatedAt: createdAt,
});

const keyView = ({ accessKeyId, secretAccessKey, userName }: AccessKeyView): Model.AccessKey => ({
  AccessKeyId: accessKeyId,
  SecretAccessKey: secretAccessKey,
  ...(userName !== undefined && { UserName: userName }),
});

const chosenKey = ({ AccessKeyId, SecretAccessKey }: Model.CreateAccountRequest) => ({
  ...(AccessKeyId !== undefined && { accessKeyId: AccessKeyId }),
  ...(SecretAccessKey !== undefined && { secretAccessKey: SecretAccessKey }),
});

const createAccount =
  ({ accounts }: MakonisParts) =>
  async (input: Model.CreateAccountRequest, call: Call): Promise<Model.CreateAccountResponse> => {
    const { Id: id, Name: name } = input;
    const wanted = { ...(id !== undefined && { id }), ...(name !== undefined && { name }), ...chosenKey(input) };
    const made = await accounts.createAccount(wanted, call.now);
    return {
      Account: accountView(made.account),
      RootAccessKey: keyView(made.root),
      AdministratorAccessKey: keyView(made.administrator),
    };
  };

const createAccountAccessKey =
  ({ accounts }: MakonisParts) =>
  async (input: Model.CreateAccountAccessKeyRequest, call: Call): Promise<Model.CreateAccountAccessKeyResponse> => {
    const owner = input.Owner ?? 'administrator';
    const wanted = { account: input.AccountId, owner, ...chosenKey(input) };
    return { AccessKey: keyView(await accounts.createAccountAccessKey(wanted, call.now)) };
  };

const listAccounts =
  ({ accounts, pages }: MakonisParts) =>
  ({ MaxResults = DEFAULT_PAGE, NextToken }: Model.ListAccountsRequest, call: Call): Model.ListAccountsResponse => {
    const invalid = (): never => fail('InvalidNextTokenException', 'The NextToken is not valid.');
    const after = NextToken === undefined ? undefined : pages.open(call, {}, NextToken, invalid);
    const found = accounts.listAccounts(after, MaxResults + 1);
    const page = found.slice(0, MaxResults);
    const last = page.at(-1);
    return {
      Accounts: page.map(accountView),
      ...(found.length > MaxResults && last && { NextToken: pages.seal(call, {}, last.id) }),
    };
  };

const describeCloud =
  ({ version, regions, startedAt }: MakonisParts) =>
  (_input: object, call: Call): Model.DescribeCloudResponse => ({
    Version: version,
    Regions: regions,
    StartedAt: startedAt,
    UptimeSeconds: Math.floor((call.now - startedAt) / 1000),
  });

const quotaView = (request: QuotaRequest): Model.QuotaRequest => ({
  RequestId: request.id,
  AccountId: request.account,
  Region: request.region,
  ServiceCode: request.serviceCode,
  QuotaCode: request.quotaCode,
  DesiredValue: request.desiredValue,
  Status: request.status,
  CreatedAt: request.createdAt,
});

const decideQuotaIncrease =
  ({ quotas }: MakonisParts, isApproved: boolean) =>
  async (input: Model.DecideQuotaIncreaseRequest, call: Call): Promise<Model.DecideQuotaIncreaseResponse> => {
    // Both are checked against the model; a region without requests has none of this id.
    const place = { account: input.AccountId as AccountId, region: input.Region as Region, id: input.RequestId };
    return { QuotaRequest: quotaView(await quotas.decide(place, isApproved, call.now)) };
  };

/** More or less than the default, without a request: the cloud is the operator's. */
const setQuota =
  ({ accounts, quotas }: MakonisParts) =>
  async (input: Model.SetQuotaRequest): Promise<Model.SetQuotaResponse> => {
    // Checked against the model: twelve digits.
    const account = input.AccountId as AccountId;
    if (!accounts.hasAccount(account)) fail('AccountNotFoundException', `There is no account ${account}.`);
    await quotas.set({ account, region: input.Region as Region }, input.ServiceCode, input.QuotaCode, input.Value);
    return {};
  };

/** All that the account has, in an order that works; the account itself, its root and its audit stay. */
const removeAccountResources =
  ({ accounts, removeResources }: MakonisParts) =>
  async (input: Model.RemoveAccountResourcesRequest, call: Call): Promise<Model.RemoveAccountResourcesResponse> => {
    // Checked against the model: twelve digits.
    const account = input.AccountId as AccountId;
    if (account === OPERATOR || !accounts.hasAccount(account))
      fail('AccountNotFoundException', `There is no account ${account}.`);
    const { removed, left } = await removeResources(account, call.signal);
    return { Removed: removed, Remaining: left.map(({ arn, reason }) => ({ Arn: arn, Reason: reason })) };
  };

const notImplemented = {} as const;

export const makonis = (parts: MakonisParts) =>
  defineService({
    defaults: { event: 'management' },
    operations: {
      CreateAccount: {
        handler: createAccount(parts),
        resource: ({ Id }: Model.CreateAccountRequest) => accountArn(Id ?? '*'),
        owner,
        steps: true,
      },
      CreateAccountAccessKey: {
        handler: createAccountAccessKey(parts),
        resource: ({ AccountId }: Model.CreateAccountAccessKeyRequest) => accountArn(AccountId),
        owner,
        steps: true,
      },
      ApproveQuotaIncrease: {
        handler: decideQuotaIncrease(parts, true),
        resource: ({ AccountId }: Model.DecideQuotaIncreaseRequest) => accountArn(AccountId),
        owner,
        steps: true,
      },
      DenyQuotaIncrease: {
        handler: decideQuotaIncrease(parts, false),
        resource: ({ AccountId }: Model.DecideQuotaIncreaseRequest) => accountArn(AccountId),
        owner,
        steps: true,
      },
      ListQuotaRequests: {
        handler: () => ({ QuotaRequests: parts.quotas.pending().map(quotaView) }),
        resource: anyAccount,
        owner,
        steps: true,
      },
      RemoveAccountResources: {
        handler: removeAccountResources(parts),
        resource: ({ AccountId }: Model.RemoveAccountResourcesRequest) => accountArn(AccountId),
        owner,
        steps: true,
      },
      SetQuota: {
        handler: setQuota(parts),
        resource: ({ AccountId }: Model.SetQuotaRequest) => accountArn(AccountId),
        owner,
        steps: true,
      },
      DescribeCloud: { handler: describeCloud(parts), resource: anyAccount, owner, steps: true },
      ...peopleOperations(parts),
      ...instanceOperations(parts),
      ...issuerOperations(parts),
      ListAccounts: { handler: listAccounts(parts), resource: anyAccount, owner, steps: true },
    } satisfies Handlers<Model.MakonisOperations, typeof notImplemented>,
    notImplemented,
    kinds: {},
    quotas: {},
    // More than passwords can be hashed: strangers fill neither the queue nor the rows of failures.
    throttles: { SignIn: { perSecond: 20, burst: 400 } },
  });
