/**
 * The table of the operations on delegation requests. A request belongs to the account that owns it or is meant to; one that is meant
 * for nobody yet belongs to whoever asks. So the rule for other accounts' resources keeps strangers out by itself.
 */
import type { IamOperations } from '#platform/model/generated/iam.ts';
import { compiledPolicy } from '#platform/policy/compiled.ts';
import type { CompiledPolicy } from '#platform/policy/parse.ts';
import type { CallScope, ConditionValues, Handlers } from '#platform/service.ts';
import {
  acceptDelegationRequest,
  associateDelegationRequest,
  createDelegationRequest,
  getDelegationRequest,
  listDelegationRequests,
  rejectDelegationRequest,
  requestOf,
  sendDelegationToken,
  updateDelegationRequest,
} from '#services/iam/delegation-requests/delegation-requests.ts';
import type { IamParts } from '#services/iam/parts.ts';
import { directoryOf } from '#services/iam/state.ts';

type RequestInput = { readonly DelegationRequestId: string };

const requestArn = (account: string, id: string): string => `arn:aws:iam::${account}:delegation-request/${id}`;

function declared({ store }: IamParts) {
  const row = ({ DelegationRequestId: id }: RequestInput) => directoryOf(store).read((tx) => requestOf(tx, id));
  const resource = (input: RequestInput, { account }: CallScope): string =>
    requestArn(row(input)?.ownerAccount ?? account, input.DelegationRequestId);
  return {
    resource,
    conditions: (input: RequestInput): ConditionValues => ({ 'iam:delegationrequestowner': row(input)?.ownerId }),
    /** "Once a delegation request has an owner, that owner gets a default permission" to get and update it. */
    resourcePolicy(input: RequestInput, scope: CallScope): CompiledPolicy | undefined {
      const ownerId = row(input)?.ownerId;
      if (ownerId === undefined) return undefined;
      const Statement = {
        Effect: 'Allow',
        Principal: { AWS: ownerId },
        Action: ['iam:GetDelegationRequest', 'iam:UpdateDelegationRequest'],
        Resource: resource(input, scope),
      };
      return compiledPolicy(JSON.stringify({ Version: '2012-10-17', Statement }), 'resource');
    },
    readsToo: () => directoryOf(store),
    steps: true,
  } as const;
}

export const delegationRequestOperations = (parts: IamParts) =>
  ({
    CreateDelegationRequest: {
      handler: createDelegationRequest(parts),
      resource: (_, { account }) => requestArn(account, '*'),
      conditions: ({ SessionDuration, NotificationChannel, Permissions }) => ({
        'iam:delegationduration': String(SessionDuration),
        'iam:notificationchannel': NotificationChannel,
        'iam:templatearn': Permissions.PolicyTemplateArn,
      }),
      readsToo: () => directoryOf(parts.store),
      steps: true,
    },
    ListDelegationRequests: {
      handler: listDelegationRequests(parts),
      resource: () => '*',
      conditions: ({ OwnerId }) => ({ 'iam:delegationrequestowner': OwnerId }),
      readsToo: () => directoryOf(parts.store),
      steps: true,
    },
    GetDelegationRequest: { handler: getDelegationRequest(parts), ...declared(parts) },
    AssociateDelegationRequest: { handler: associateDelegationRequest(parts), ...declared(parts) },
    UpdateDelegationRequest: {
      handler: updateDelegationRequest(parts),
      ...declared(parts),
      // The service authorization reference leaves it out.
      action: () => ['iam:UpdateDelegationRequest'],
    },
    AcceptDelegationRequest: { handler: acceptDelegationRequest(parts), ...declared(parts) },
    RejectDelegationRequest: { handler: rejectDelegationRequest(parts), ...declared(parts) },
    SendDelegationToken: { handler: sendDelegationToken(parts), ...declared(parts) },
  }) satisfies Partial<Handlers<IamOperations, object>>;
