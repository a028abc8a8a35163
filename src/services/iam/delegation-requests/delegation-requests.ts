/**
 * Delegation requests: an account asks another for temporary permissions, somebody there accepts in their own name, and a token goes
 * back that STS trades for credentials. lifecycle.ts says which step comes when; permissions.ts what is asked for.
 */
import { parseArn } from '#platform/base/arn.ts';
import { days } from '#platform/base/clock.ts';
import { uuid } from '#platform/base/ids.ts';
import { fail } from '#platform/error.ts';
import { setTimer } from '#platform/jobs/timers.ts';
import type * as Model from '#platform/model/generated/iam.ts';
import type { Call, TimerJob } from '#platform/service.ts';
import type { ReadTransaction, Store, Transaction } from '#platform/store/store.ts';
import { checkChannel, notify } from '#services/iam/delegation-requests/channel.ts';
import { tradeInTokens } from '#services/iam/delegation-requests/delegated-access.ts';
import { afterStep, expiryOf, type Step, stateAt } from '#services/iam/delegation-requests/lifecycle.ts';
import { checkPermissions } from '#services/iam/delegation-requests/permission-check.ts';
import { askedPermissions } from '#services/iam/delegation-requests/permissions.ts';
import {
  type Approver,
  type DelegationRow,
  delegationRequests,
  delegationsOfOwner,
  workflows,
} from '#services/iam/delegation-requests/state.ts';
import { requireEntity } from '#services/iam/entities.ts';
import { invalidInput, limitExceeded } from '#services/iam/errors.ts';
import { DELEGATION_REQUESTS_PER_ACCOUNT } from '#services/iam/limits.ts';
import { rootArn } from '#services/iam/names.ts';
import { type Positioned, pageOf } from '#services/iam/paging.ts';
import type { IamParts } from '#services/iam/parts.ts';
import { accounts, directoryOf, EMPTY, wholeSecond } from '#services/iam/state.ts';

interface RequestInput {
  readonly DelegationRequestId: string;
}

const FORGET = 'forgetDelegationRequest';
/** "Expired requests are eventually removed from the system after the retention period." */
const RETENTION = days(30);

export const requestOf = (tx: ReadTransaction, id: string): DelegationRow | undefined =>
  tx.get(delegationRequests, delegationRequests.key(id));

const noSuchRequest = (id: string): never => fail('NoSuchEntity', `The delegation request ${id} cannot be found.`);

/** Who calls, as an owner or approver: an identity of an account. */
function identityOf({ principal }: Call): Extract<Call['principal'], { readonly arn: string }> {
  return 'arn' in principal
    ? principal
    : fail('AccessDenied', 'Delegation requests are answered by identities of an account.');
}

function put(tx: Transaction, row: DelegationRow): void {
  tx.put(delegationRequests, delegationRequests.key(row.id), row);
  setTimer(tx, { job: FORGET, id: row.id, due: expiryOf(row) + RETENTION, payload: { id: row.id } });
}

export const forgetDelegationRequest: TimerJob = (tx, payload) => {
  // Set above alone.
  const row = requestOf(tx, (payload as { id: string }).id);
  if (!row) return;
  tx.delete(delegationRequests, delegationRequests.key(row.id));
  tx.delete(workflows, workflows.key(row.requestor, row.workflowId));
  if (row.ownerAccount !== undefined) tx.delete(delegationsOfOwner, delegationsOfOwner.key(row.ownerAccount, row.id));
};

export const createDelegationRequest =
  ({ store, registry }: IamParts) =>
  async (input: Model.CreateDelegationRequestRequest, call: Call): Promise<Model.CreateDelegationRequestResponse> => {
    const { account, now } = call;
    const { OwnerAccountId: owner, RequestorWorkflowId: workflowId, NotificationChannel: channel } = input;
    const permissions = askedPermissions(input.Permissions, call);
    checkChannel(channel, account, registry());
    const directory = directoryOf(store);
    const row = directory.transact((tx) => {
      const workflow = workflows.key(account, workflowId);
      if (tx.get(workflows, workflow)) {
        fail('EntityAlreadyExists', `A delegation request with the workflow ID ${workflowId} already exists.`);
      }
      if (tx.range(workflows, { prefix: [account] }).length >= DELEGATION_REQUESTS_PER_ACCOUNT) {
        limitExceeded('DelegationRequestsPerAccount', DELEGATION_REQUESTS_PER_ACCOUNT);
      }
      const known = owner === undefined ? undefined : tx.get(accounts, accounts.key(owner));
      if (owner !== undefined && !known) invalidInput(`The account ${owner} does not exist.`);
      const made: DelegationRow = {
        id: uuid(),
        requestor: account,
        requestorName: (tx.get(accounts, accounts.key(account))?.name ?? account).slice(0, 30),
        workflowId,
        description: input.Description,
        ...(input.RequestMessage !== undefined && { message: input.RequestMessage }),
        ...permissions,
        sessionSeconds: input.SessionDuration,
        ...(input.RedirectUrl !== undefined && { redirectUrl: input.RedirectUrl }),
        channel,
        isOnlySentByOwner: input.OnlySendByOwner ?? false,
        createdAt: now,
        state: 'UNASSIGNED',
        changedAt: now,
        ...(known && { ownerAccount: known.id }),
      };
      tx.put(workflows, workflow, { id: made.id });
      put(tx, made);
      return made;
    });
    return { DelegationRequestId: row.id };
  };

interface Move {
  readonly step: Step;
  /** What else of the row the step writes; throws to refuse it. */
  readonly change: (row: DelegationRow) => Partial<DelegationRow>;
  /** Tells the requestor, where the step is its business. */
  readonly tell?: (row: DelegationRow) => void;
}

/** Both partitions are written in one turn, so that one batch takes both: a token that was sent is of a request that is finalized. */
async function take(store: Store, { DelegationRequestId: id }: RequestInput, call: Call, move: Move): Promise<void> {
  const directory = directoryOf(store);
  const row = directory.transact((tx) => {
    const old = requestOf(tx, id) ?? noSuchRequest(id);
    const state = afterStep(old, move.step, call.now);
    if (!state) throw invalidInput(`The delegation request ${id} is in the state ${stateAt(old, call.now)}.`);
    const moved: DelegationRow = { ...old, ...move.change(old), state, changedAt: call.now };
    put(tx, moved);
    if (moved.ownerId !== undefined && moved.ownerAccount !== undefined) {
      tx.put(delegationsOfOwner, delegationsOfOwner.key(moved.ownerAccount, id), EMPTY);
    }
    return moved;
  });
  move.tell?.(row);
}

export const associateDelegationRequest =
  ({ store }: IamParts) =>
  async (input: Model.AssociateDelegationRequestRequest, call: Call): Promise<void> => {
    const { arn, account } = identityOf(call);
    await take(store, input, call, { step: 'associate', change: () => ({ ownerAccount: account, ownerId: arn }) });
  };

export const updateDelegationRequest =
  ({ store }: IamParts) =>
  async (input: Model.UpdateDelegationRequestRequest, call: Call): Promise<void> => {
    const { Notes: notes } = input;
    const change = () => (notes === undefined ? {} : { notes });
    await take(store, input, call, { step: 'update', change, tell: (row) => notify(call, row) });
  };

export const acceptDelegationRequest =
  ({ store }: IamParts) =>
  async (input: Model.AcceptDelegationRequestRequest, call: Call): Promise<void> => {
    const approver = approverOf(call);
    await take(store, input, call, { step: 'accept', change: () => ({ approver }), tell: (row) => notify(call, row) });
  };

/**
 * "IAM records the details and the state of the identity that called this API." An identity that session policies limit can't be kept
 * together with the limits of the request, so it can't accept.
 */
function approverOf(call: Call): Approver {
  const principal = identityOf(call);
  const { session } = principal;
  if (session?.policy !== undefined || session?.policyArns !== undefined || session?.taskPolicyArn !== undefined) {
    fail('AccessDenied', 'A session that is limited by session policies cannot accept delegation requests.');
  }
  const { mfaAuthenticatedAt, sourceIdentity, tags, transitiveTagKeys } = session ?? {};
  return {
    arn: principal.arn,
    owner: ownerOf(principal),
    facts: {
      ...(mfaAuthenticatedAt !== undefined && { mfaAuthenticatedAt }),
      ...(sourceIdentity !== undefined && { sourceIdentity }),
      ...(tags !== undefined && { tags }),
      ...(transitiveTagKeys !== undefined && { transitiveTagKeys }),
    },
  };
}

function ownerOf(principal: ReturnType<typeof identityOf>): Approver['owner'] {
  switch (principal.kind) {
    case 'root':
      return { kind: 'root' };
    case 'user':
      return { kind: 'user', id: principal.userId };
    case 'role-session':
      return { kind: 'role', id: principal.roleId, sessionName: principal.userId.slice(principal.roleId.length + 1) };
    case 'federated-user':
      return fail('AccessDenied', 'A federated user cannot accept delegation requests.');
  }
}

export const rejectDelegationRequest =
  ({ store }: IamParts) =>
  async (input: Model.RejectDelegationRequestRequest, call: Call): Promise<void> => {
    const { Notes: rejection } = input;
    const change = () => (rejection === undefined ? {} : { rejection });
    await take(store, input, call, { step: 'reject', change, tell: (row) => notify(call, row) });
  };

export const sendDelegationToken = ({ store, sealer }: IamParts) => {
  const tokens = tradeInTokens(sealer);
  return async (input: Model.SendDelegationTokenRequest, call: Call): Promise<void> => {
    const { arn } = identityOf(call);
    const change = ({ isOnlySentByOwner, ownerId }: DelegationRow) => {
      if (isOnlySentByOwner && arn !== ownerId) {
        fail('AccessDenied', 'Only the owner of this delegation request can send its token.');
      }
      return {};
    };
    await take(store, input, call, { step: 'send', change, tell: (row) => notify(call, row, tokens.seal(row.id)) });
  };
};

function requestView(row: DelegationRow, now: number): Model.DelegationRequest {
  const { ownerAccount, ownerId, approver, message, redirectUrl, notes, rejection } = row;
  return {
    DelegationRequestId: row.id,
    ...(ownerAccount !== undefined && { OwnerAccountId: ownerAccount }),
    Description: row.description,
    ...(message !== undefined && { RequestMessage: message }),
    Permissions: {
      PolicyTemplateArn: row.templateArn,
      Parameters: row.parameters.map(({ name, type, values }) => ({ Name: name, Type: type, Values: [...values] })),
    },
    PermissionPolicy: row.policy,
    ...(ownerId !== undefined && { OwnerId: ownerId }),
    ...(approver !== undefined && { ApproverId: approver.arn }),
    State: stateAt(row, now),
    ExpirationTime: wholeSecond(expiryOf(row)),
    RequestorId: row.requestor,
    RequestorName: row.requestorName,
    CreateDate: wholeSecond(row.createdAt),
    SessionDuration: row.sessionSeconds,
    ...(redirectUrl !== undefined && { RedirectUrl: redirectUrl }),
    ...(notes !== undefined && { Notes: notes }),
    ...(rejection !== undefined && { RejectionReason: rejection }),
    OnlySendByOwner: row.isOnlySentByOwner,
    UpdatedTime: wholeSecond(row.changedAt),
  };
}

export const getDelegationRequest =
  ({ store, identity }: IamParts) =>
  (input: Model.GetDelegationRequestRequest, call: Call): Model.GetDelegationRequestResponse => {
    const { DelegationRequestId: id, DelegationPermissionCheck: isChecked = false } = input;
    const row = directoryOf(store).read((tx) => requestOf(tx, id)) ?? noSuchRequest(id);
    const principal = identityOf(call);
    const check = isChecked ? checkPermissions(row.policy, principal, identity.policiesOf(principal)) : {};
    return { DelegationRequest: requestView(row, call.now), ...check };
  };

function* ownedBy(store: Store, call: Call, after: string | undefined): Generator<Positioned<DelegationRow>> {
  const directory = directoryOf(store);
  const rows = directory.read((tx) =>
    tx
      .range(delegationsOfOwner, {
        prefix: [call.account],
        ...(after !== undefined && { after: delegationsOfOwner.key(call.account, after) }),
      })
      .flatMap(({ key }) => requestOf(tx, delegationsOfOwner.parts(key)[1]) ?? []),
  );
  for (const row of rows) yield [row.id, row];
}

/** Throws InvalidInput or NoSuchEntity, but for sessions and the root user, which are no entities. */
function checkOwner(arn: string, { partition, account }: Call): void {
  if (arn === rootArn(account) || parseArn(arn)?.service === 'sts') return;
  partition.read((tx) => requireEntity(tx, account, arn));
}

/** "If a delegation request has no owner, even if it is assigned to a specific account, it will not be part of the output." */
export const listDelegationRequests =
  ({ store, pages }: IamParts) =>
  (input: Model.ListDelegationRequestsRequest, call: Call): Model.ListDelegationRequestsResponse => {
    const { OwnerId: owner } = input;
    if (owner !== undefined) checkOwner(owner, call);
    const source = function* (after: string | undefined): Generator<Positioned<DelegationRow>> {
      for (const each of ownedBy(store, call, after)) if (owner === undefined || each[1].ownerId === owner) yield each;
    };
    const { items, end } = pageOf(pages, call, input, owner, source);
    // This list spells its flag with a small letter.
    const { IsTruncated: isTruncated, ...marker } = end;
    return { DelegationRequests: items.map((row) => requestView(row, call.now)), isTruncated, ...marker };
  };
