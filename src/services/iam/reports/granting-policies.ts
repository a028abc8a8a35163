/** ListPoliciesGrantingServiceAccess: which of somebody's policies open a service. */
import type * as Model from '#platform/model/generated/iam.ts';
import { compiledPolicy } from '#platform/policy/compiled.ts';
import type { Call } from '#platform/service.ts';
import { requireEntity } from '#services/iam/entities.ts';
import { counted, pageOf } from '#services/iam/paging.ts';
import type { IamParts } from '#services/iam/parts.ts';
import { effectivePolicies, type HeldPolicy } from '#services/iam/policies/held-policies.ts';
import { grantsService } from '#services/iam/reports/services-granted.ts';

const ENTITY_TYPES = { user: 'USER', role: 'ROLE', group: 'GROUP' } as const;

const view = ({ name, arn, holder }: HeldPolicy): Model.PolicyGrantingServiceAccess =>
  arn === undefined
    ? { PolicyName: name, PolicyType: 'INLINE', EntityType: ENTITY_TYPES[holder.noun], EntityName: holder.name }
    : { PolicyName: name, PolicyType: 'MANAGED', PolicyArn: arn };

export const listGrantingPolicies =
  ({ pages, actions }: IamParts) =>
  (
    input: Model.ListPoliciesGrantingServiceAccessRequest,
    call: Call,
  ): Model.ListPoliciesGrantingServiceAccessResponse => {
    const { tx, account } = call;
    const { Arn: arn, ServiceNamespaces: namespaces } = input;
    const { noun, name, row } = requireEntity(tx, account, arn);
    const held = effectivePolicies(tx, account, { noun, id: row.id, name });
    const { items, end } = pageOf(pages, call, input, [arn, namespaces], counted(namespaces));
    return {
      PoliciesGrantingServiceAccess: items.map((namespace) => ({
        ServiceNamespace: namespace,
        Policies: held
          .filter(({ document }) => grantsService([compiledPolicy(document, 'identity')], namespace, actions()))
          .map(view),
      })),
      ...end,
    };
  };
