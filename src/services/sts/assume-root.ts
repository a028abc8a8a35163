/**
 * AssumeRoot: the management account of an organization acts as the root user of a member, for one task and fifteen minutes. The
 * session may do what a root user may, less all that the task's policy denies.
 */
import { parseArn } from '#platform/base/arn.ts';
import { seconds } from '#platform/base/clock.ts';
import { type AccountId, isAccountId } from '#platform/base/ids.ts';
import { fail } from '#platform/error.ts';
import type { AssumeRootRequest, AssumeRootResponse } from '#platform/model/generated/sts.ts';
import type { Call, OperationDeclaration } from '#platform/service.ts';
import type { RootAccessApi, SessionsApi } from '#services/iam/api.ts';
import { refuseGlobalEndpoint } from '#services/sts/endpoint.ts';
import { answerOf } from '#services/sts/role-session.ts';

const MOST_SECONDS = 900;

const rootArn = (account: string): string => `arn:aws:iam::${account}:root`;

/** "The member account principal ARN or account ID." */
function targetOf({ TargetPrincipal: target }: AssumeRootRequest): AccountId {
  const account = parseArn(target)?.account ?? target;
  const isTarget = isAccountId(account) && (target === account || target === rootArn(account));
  return isTarget ? account : fail('ValidationError', 'TargetPrincipal must be an account ID or a root user ARN.');
}

export const assumeRoot = (
  sessions: SessionsApi,
  access: RootAccessApi,
): OperationDeclaration<AssumeRootRequest, AssumeRootResponse> => ({
  handler: (input, call) => startSession(sessions, access, input, call),
  secret: ['SessionToken'],
  steps: true,
  resource: (input) => rootArn(targetOf(input)),
  resourcePolicy: (input) => access.trust(targetOf(input)),
  conditions: ({ TaskPolicyArn: { arn } }) => ({ 'sts:taskpolicyarn': arn }),
});

async function startSession(
  sessions: SessionsApi,
  access: RootAccessApi,
  input: AssumeRootRequest,
  call: Call,
): Promise<AssumeRootResponse> {
  const { principal } = call;
  // "The STS global endpoint is not supported for AssumeRoot."
  refuseGlobalEndpoint(call);
  const { TaskPolicyArn: task, DurationSeconds: duration = MOST_SECONDS } = input;
  // "You cannot use root user credentials to make this call."
  if (principal.kind === 'root') fail('AccessDenied', 'AssumeRoot cannot be called with root user credentials.');
  const target = targetOf(input);
  const { arn } = task;
  if (arn === undefined || !access.isTask(arn)) {
    return fail('ValidationError', 'TaskPolicyArn must be one of the managed policies for root tasks.');
  }
  if (!access.isEnabled(target, arn)) {
    fail('AccessDenied', 'Centralized root access for this task is not enabled in the organization.');
  }
  const sourceIdentity = 'session' in principal ? principal.session?.sourceIdentity : undefined;
  const expiresAt = call.now + seconds(duration);
  const credentials = sessions.issue(
    target,
    { kind: 'root' },
    {
      issuedAt: call.now,
      expiresAt,
      taskPolicyArn: arn,
      ...(sourceIdentity !== undefined && { sourceIdentity }),
    },
    input.MinimumSessionTokenSize,
  );
  await sessions.durable(target);
  return {
    ...answerOf(credentials, expiresAt),
    ...(sourceIdentity !== undefined && { SourceIdentity: sourceIdentity }),
  };
}
