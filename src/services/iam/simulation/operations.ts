/** The table of the operations that say what policies mean without doing anything. */
import { parseArn } from '#platform/base/arn.ts';
import type * as Model from '#platform/model/generated/iam.ts';
import type { IamOperations } from '#platform/model/generated/iam.ts';
import type { PageTokens } from '#platform/page-token.ts';
import { keysOfDocuments } from '#platform/policy/keys-asked.ts';
import { globOf } from '#platform/policy/match.ts';
import type { Registry } from '#platform/registry.ts';
import type { Call, CallScope, Handlers } from '#platform/service.ts';
import { invalidInput } from '#services/iam/errors.ts';
import { counted, pageOf } from '#services/iam/paging.ts';
import type { IamParts } from '#services/iam/parts.ts';
import { heldBy } from '#services/iam/simulation/held.ts';
import { type Held, inputPolicies, type Source, sceneOf } from '#services/iam/simulation/scene.ts';
import { simulate } from '#services/iam/simulation/simulate.ts';
import { WORK_A_PAGE, workOf } from '#services/iam/simulation/work.ts';

type Input = Model.SimulateCustomPolicyRequest | Model.SimulatePrincipalPolicyRequest;

const simulation =
  <In extends Input>(pages: PageTokens, registry: () => Registry, heldOf: (input: In, call: Call) => Held) =>
  (input: In, call: Call): Model.SimulatePolicyResponse => {
    const scene = sceneOf(input, call.account, heldOf(input, call));
    const { Marker, MaxItems: asked = 100, ...query } = input;
    const work = workOf(scene, input.ContextEntries);
    if (work > WORK_A_PAGE) invalidInput('The policies and resources are too many to be simulated at once.');
    const MaxItems = Math.min(asked, Math.floor(WORK_A_PAGE / work));
    const page = { MaxItems, ...(Marker !== undefined && { Marker }) };
    const { items, end } = pageOf(pages, call, page, query, counted(input.ActionNames));
    const results = items.map((action) => simulate(scene, action, templateOf(registry(), action, scene.resources)));
    return { EvaluationResults: results, ...end };
  };

/** The ARN's form of the type of resource that is simulated; `*` where we have no data of the service. */
function templateOf(registry: Registry, action: string, resources: readonly string[]): string {
  const [prefix = '', name = ''] = action.split(':');
  const authorization = registry.byArnService(prefix)?.model.authorization;
  const found = Object.entries(authorization?.actions ?? {}).find(
    ([each]) => each.toLowerCase() === name.toLowerCase(),
  );
  const templates = Object.keys(found?.[1].resources ?? {}).flatMap(
    (type) => authorization?.resources[type]?.arn ?? [],
  );
  const [arn = ''] = resources.filter((resource) => parseArn(resource) !== undefined);
  return templates.find((each) => globOf(each.replace(/\$\{[^}]*\}/g, '*'))(arn)) ?? templates[0] ?? '*';
}

const keysOf = (sources: readonly Source[]): Model.GetContextKeysForPolicyResponse => ({
  ContextKeyNames: keysOfDocuments(sources.map(({ policy }) => policy.document)),
});

function source({ PolicySourceArn: arn }: { readonly PolicySourceArn: string }, { account }: CallScope): string {
  const owner = parseArn(arn)?.account ?? account;
  if (owner === account) return arn;
  const what = `caller's account ${account} does not have access to policies in account ${owner}`;
  return invalidInput(`Invalid Policy Source Arn: ${what}`);
}

export const simulationOperations = ({ pages, registry }: IamParts) =>
  ({
    SimulateCustomPolicy: {
      handler: simulation<Model.SimulateCustomPolicyRequest>(pages, registry, () => ({ policies: [] })),
      resource: () => '*',
    },
    SimulatePrincipalPolicy: {
      handler: simulation<Model.SimulatePrincipalPolicyRequest>(pages, registry, (input, { tx, account }) =>
        heldBy(tx, account, input.PolicySourceArn, input.PolicyExclusionList),
      ),
      resource: source,
    },
    GetContextKeysForCustomPolicy: {
      handler: ({ PolicyInputList }) => keysOf(inputPolicies(PolicyInputList)),
      resource: () => '*',
    },
    GetContextKeysForPrincipalPolicy: {
      handler: ({ PolicySourceArn, PolicyInputList }, { tx, account }) =>
        keysOf([...heldBy(tx, account, PolicySourceArn).policies, ...inputPolicies(PolicyInputList)]),
      resource: source,
    },
  }) satisfies Partial<Handlers<IamOperations, object>>;
