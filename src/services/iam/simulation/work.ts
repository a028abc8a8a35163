/**
 * What a simulation costs, told before it begins: it must not keep other requests waiting. A decision compares the patterns and the
 * condition values of each statement with the resource and the context, in time that grows with the length of both; and every
 * statement that matches is part of the answer.
 */
import type * as Model from '#platform/model/generated/iam.ts';
import type { CompiledPolicy } from '#platform/policy/parse.ts';
import type { Scene } from '#services/iam/simulation/scene.ts';

/** What one page may cost. "IAM might return fewer results." */
export const WORK_A_PAGE = 1_000_000;

const STATEMENT = 10;
const CHARACTERS = 64;

const shareOf = (texts: readonly string[] = []): number =>
  texts.reduce((sum, text) => sum + 1 + Math.floor(text.length / CHARACTERS), 0);

/** Of one action. */
export function workOf(scene: Scene, entries: readonly Model.ContextEntry[] = []): number {
  const { identity, boundary, resourcePolicy, serviceControl = [] } = scene;
  const policies = [...identity.map(({ policy }) => policy), boundary, resourcePolicy, ...serviceControl.flat()];
  const context = Math.max(1, shareOf(entries.flatMap(({ ContextKeyValues: values = [] }) => values)));
  return shareOf(scene.resources) * (1 + policies.reduce((sum, policy) => sum + sizeOf(policy, context), 0));
}

const sizeOf = (policy: CompiledPolicy | undefined, context: number): number =>
  (policy?.document.statements ?? []).reduce((sum, { action, resource, conditions }) => {
    const values = conditions.reduce((all, condition) => all + shareOf(condition.values), 0);
    return sum + STATEMENT + shareOf(action.patterns) + shareOf(resource?.patterns) + values * context;
  }, 0);
