/** Root access as STS sees it: which root user an account may act as, and for which task. */
import { compiledPolicy } from '#platform/policy/compiled.ts';
import type { CompiledPolicy } from '#platform/policy/parse.ts';
import type { Store } from '#platform/store/store.ts';
import type { RootAccessApi } from '#services/iam/api.ts';
import { rootArn } from '#services/iam/names.ts';
import { type Feature, isEnabled } from '#services/iam/organization/features.ts';
import { organizationOf } from '#services/iam/organization/organization.ts';
import { partitionOf } from '#services/iam/state.ts';

/** The tasks that there are, and what has to be on for each (IAM User Guide, "Centrally manage root access"). */
const TASKS: Readonly<Record<string, Feature>> = {
  IAMAuditRootUserCredentials: 'RootCredentialsManagement',
  IAMCreateRootUserPassword: 'RootCredentialsManagement',
  IAMDeleteRootUserCredentials: 'RootCredentialsManagement',
  S3UnlockBucketPolicy: 'RootSessions',
  SQSUnlockQueuePolicy: 'RootSessions',
};

const PREFIX = 'arn:aws:iam::aws:policy/root-task/';

function featureOf(arn: string): Feature | undefined {
  const name = arn.startsWith(PREFIX) ? arn.slice(PREFIX.length) : '';
  return Object.hasOwn(TASKS, name) ? TASKS[name] : undefined;
}

export const createRootAccess = (store: Store): RootAccessApi => ({
  trust(target) {
    const organization = organizationOf(store, target);
    // "You can perform privileged tasks on a member account": the management account is none.
    if (!organization || organization.managementAccount === target) return NOBODY;
    return trustIn({ AWS: [organization.managementAccount, ...organization.administrators].map(rootArn) });
  },
  isTask: (arn) => featureOf(arn) !== undefined,
  isEnabled(target, arn) {
    const feature = featureOf(arn);
    const organization = organizationOf(store, target);
    if (!organization || feature === undefined) return false;
    return partitionOf(store, organization.managementAccount).read((tx) => isEnabled(tx, feature));
  },
});

function trustIn(Principal: object): CompiledPolicy {
  const Statement = { Effect: 'Allow', Principal, Action: 'sts:AssumeRoot' };
  return compiledPolicy(JSON.stringify({ Version: '2012-10-17', Statement }), 'trust');
}

/** Without a policy of its own, a root user would be its account's to give: this one says that it is not. */
const NOBODY = trustIn({ Service: 'organizations.amazonaws.com' });
