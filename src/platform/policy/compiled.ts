/** Compiles each text once, whoever has it: a thousand users and queues mostly share a few documents. */
import { type CompiledPolicy, parsePolicy, type StatementsByEffect } from '#platform/policy/parse.ts';

type Kind = CompiledPolicy['kind'];

const CAPACITY = 10_000;
/** A policy's text decides all about it, so it is its own key. */
const byKind: Readonly<Record<Kind, Map<string, CompiledPolicy>>> = {
  identity: new Map(),
  resource: new Map(),
  trust: new Map(),
};

/** Throws MalformedPolicyDocument, as parsePolicy does. */
export function compiledPolicy(document: string, kind: Kind): CompiledPolicy {
  const policies = byKind[kind];
  const known = policies.get(document);
  if (known !== undefined) return known;
  const policy = parsePolicy(document, kind);
  // The map keeps the order of insertion: the oldest leaves.
  const [oldest] = policies.keys();
  if (policies.size >= CAPACITY && oldest !== undefined) policies.delete(oldest);
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
