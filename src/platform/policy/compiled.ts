/** Compiles each text once, whoever has it: a thousand users and queues mostly share a few documents. */
import { BoundedMap } from '#platform/base/bounded-map.ts';
import { type CompiledPolicy, parsePolicy, type StatementsByEffect } from '#platform/policy/parse.ts';

type Kind = CompiledPolicy['kind'];

/** Compiled, a policy takes some times the room of its text. */
const BOUNDS = { entries: 10_000, characters: 8_000_000 };
/** A policy's text decides all about it, so it is its own key. */
const byKind: Readonly<Record<Kind, BoundedMap<CompiledPolicy>>> = {
  identity: new BoundedMap(BOUNDS),
  resource: new BoundedMap(BOUNDS),
  trust: new BoundedMap(BOUNDS),
};

/** Throws MalformedPolicyDocument, as parsePolicy does. */
export function compiledPolicy(document: string, kind: Kind): CompiledPolicy {
  const policies = byKind[kind];
  const known = policies.get(document);
  if (known !== undefined) return known;
  const policy = parsePolicy(document, kind);
  policies.set(document, policy);
  return policy;
}

/** Two policies of one resource that count together: its own, and what its access control list says. */
export function joinPolicies(
  first: CompiledPolicy | undefined,
  second: CompiledPolicy | undefined,
): CompiledPolicy | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return {
    ...first,
    statements: [...first.statements, ...second.statements],
    about(action): StatementsByEffect {
      const [own, further] = [first.about(action), second.about(action)];
      return { allow: [...own.allow, ...further.allow], deny: [...own.deny, ...further.deny] };
    },
  };
}
