/**
 * Which services policies open at all, whatever the resource and the conditions: "it only applies permissions policy logic". A
 * service counts if one of its actions is allowed and not denied everywhere.
 */
import { present } from '#platform/base/assert.ts';
import type { ActionCatalogue } from '#platform/model/actions.ts';
import type { CompiledPolicy, Statement } from '#platform/policy/parse.ts';

export function servicesGranted(policies: readonly CompiledPolicy[], catalogue: ActionCatalogue): string[] {
  return catalogue.prefixes.filter((prefix) => grantsService(policies, prefix, catalogue));
}

export function grantsService(
  policies: readonly CompiledPolicy[],
  prefix: string,
  catalogue: ActionCatalogue,
): boolean {
  const allows = policies.flatMap(({ statements }) => statements.filter(({ effect }) => effect === 'Allow'));
  const denies = policies.flatMap((policy) =>
    policy.statements.filter((statement) => statement.effect === 'Deny' && isWholesale(policy, statement)),
  );
  return (catalogue.actions(prefix) ?? []).some((name) => {
    const action = `${prefix}:${name}`.toLowerCase();
    return speaks(allows, action) && !speaks(denies, action);
  });
}

const speaks = (statements: readonly Statement[], action: string): boolean =>
  statements.some((statement) => statement.matchesAction(action));

/** Speaks of every resource, always. */
function isWholesale({ document }: CompiledPolicy, { index }: Statement): boolean {
  const { resource, conditions } = present(document.statements[index], 'statements are compiled one by one');
  return conditions.length === 0 && resource?.negated === false && resource.patterns.includes('*');
}
