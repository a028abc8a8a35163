/**
 * How a requestor is told what became of its request. AWS publishes to an SNS topic; until that service is there, a queue can be named
 * as well. The message goes by the outbox of the account that took the step, as the service principal of IAM: the channel's own policy
 * must let it.
 */
import { type Arn, parseArn } from '#platform/base/arn.ts';
import type { AccountId, Region } from '#platform/base/ids.ts';
import { send } from '#platform/jobs/outbox.ts';
import type { Registry } from '#platform/registry.ts';
import type { Call, Input } from '#platform/service.ts';
import type { DelegationRow } from '#services/iam/delegation-requests/state.ts';
import { invalidInput } from '#services/iam/errors.ts';

interface Channel {
  readonly operation: string;
  readonly input: (arn: string, parts: Arn, text: string) => Input;
}

const CHANNELS: Readonly<Record<string, Channel>> = {
  sns: { operation: 'Publish', input: (TopicArn, _, Message) => ({ TopicArn, Message }) },
  sqs: {
    operation: 'SendMessage',
    input: (_, { region, account, resource }, MessageBody) => ({
      QueueUrl: `https://sqs.${region}.amazonaws.com/${account}/${resource}`,
      MessageBody,
    }),
  },
};

function channelOf(arn: string): { channel: Channel; parts: Arn } | undefined {
  const parts = parseArn(arn);
  const channel = parts && Object.hasOwn(CHANNELS, parts.service) ? CHANNELS[parts.service] : undefined;
  return parts && channel && { channel, parts };
}

/** Throws InvalidInput for what can't be a channel of the account. */
export function checkChannel(arn: string, account: AccountId, registry: Registry): void {
  const found = channelOf(arn);
  if (!found || found.parts.account !== account || registry.service(found.parts.service) === undefined) {
    invalidInput(`The notification channel ${arn} is not a topic or queue of this account.`);
  }
}

/** In a transaction of the caller's account. */
export function notify(call: Call, row: DelegationRow, tradeInToken?: string): void {
  const found = channelOf(row.channel);
  if (!found) return;
  const { channel, parts } = found;
  const message = JSON.stringify({
    delegationRequestId: row.id,
    requestorWorkflowId: row.workflowId,
    state: row.state,
    ownerAccountId: row.ownerAccount,
    timestamp: new Date(row.changedAt).toISOString(),
    ...(row.rejection !== undefined && { rejectionReason: row.rejection }),
    ...(tradeInToken !== undefined && { tradeInToken }),
  });
  call.transact((tx) =>
    send(tx, call.now, {
      target: row.channel,
      service: parts.service,
      operation: channel.operation,
      input: channel.input(row.channel, parts, message),
      // Checked when the request was made: a channel that is there names its region.
      region: parts.region as Region,
      sourceArn: `arn:aws:iam::${row.requestor}:delegation-request/${row.id}`,
    }),
  );
}
