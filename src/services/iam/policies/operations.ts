/** The table of the operations on managed policies. */
import type { IamOperations } from '#platform/model/generated/iam.ts';
import type { Call, Handlers } from '#platform/service.ts';
import { below, entityArn } from '#services/iam/names.ts';
import type { IamParts } from '#services/iam/parts.ts';
import { listEntitiesForPolicy } from '#services/iam/policies/attachments.ts';
import { ownPolicy } from '#services/iam/policies/managed-policies.ts';
import { createPolicy, deletePolicy, getPolicy, listPolicies } from '#services/iam/policies/policies.ts';
import {
  createPolicyVersion,
  deletePolicyVersion,
  getPolicyVersion,
  listPolicyVersions,
  setDefaultPolicyVersion,
} from '#services/iam/policies/policy-versions.ts';
import { listTags, tag, untag } from '#services/iam/tags.ts';

type PolicyInput = { readonly PolicyArn: string };

const policy = ({ PolicyArn }: PolicyInput): string => PolicyArn;
const arnOf = ({ PolicyArn }: PolicyInput, { tx, account }: Call): string =>
  entityArn(account, 'policy', ownPolicy(tx, account, PolicyArn));

export const policyOperations = ({ pages }: IamParts) =>
  ({
    CreatePolicy: {
      handler: createPolicy,
      resource: ({ Path: path = '/', PolicyName: name }, { account }) => entityArn(account, 'policy', { path, name }),
    },
    GetPolicy: { handler: getPolicy, resource: policy },
    ListPolicies: { handler: listPolicies(pages), resource: below('policy') },
    DeletePolicy: { handler: deletePolicy, resource: policy },
    CreatePolicyVersion: { handler: createPolicyVersion, resource: policy },
    GetPolicyVersion: { handler: getPolicyVersion, resource: policy },
    ListPolicyVersions: { handler: listPolicyVersions(pages), resource: policy },
    SetDefaultPolicyVersion: { handler: setDefaultPolicyVersion, resource: policy },
    DeletePolicyVersion: { handler: deletePolicyVersion, resource: policy },
    ListEntitiesForPolicy: { handler: listEntitiesForPolicy(pages), resource: policy },
    TagPolicy: { handler: tag(arnOf), resource: policy },
    UntagPolicy: { handler: untag(arnOf), resource: policy },
    ListPolicyTags: { handler: listTags(pages, arnOf), resource: policy },
  }) satisfies Partial<Handlers<IamOperations, object>>;
