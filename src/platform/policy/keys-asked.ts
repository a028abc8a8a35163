/** The condition keys that a policy asks for, in conditions and as variables, as they are written. */
import type { PolicyDocument, PolicyStatement, PolicyVersion } from '#platform/policy/document.ts';
import { variablesIn } from '#platform/policy/variables.ts';

export function keysOfStatement({ resource, conditions }: PolicyStatement, version: PolicyVersion): string[] {
  const values = [...(resource?.patterns ?? []), ...conditions.flatMap((condition) => condition.values)];
  const variables = version === '2012-10-17' ? values.flatMap(variablesIn) : [];
  return [...variables, ...conditions.map(({ key }) => key)];
}

/** Each once; keys are not distinguished by case. */
export function keysOfDocuments(documents: readonly PolicyDocument[]): string[] {
  const keys = new Map<string, string>();
  for (const { statements, version } of documents) {
    for (const key of statements.flatMap((statement) => keysOfStatement(statement, version))) {
      if (!keys.has(key.toLowerCase())) keys.set(key.toLowerCase(), key);
    }
  }
  return [...keys.values()];
}
