/**
 * Copies of inputs and outputs that may be written down, in CloudTrail's form: sensitive members are hidden, blobs become their
 * size, and the names of members (not the keys of maps) begin with a small letter. What does not have its shape (a refused call's
 * input may be anything) is hidden too.
 */
import type { ServiceModel } from '#platform/model/schema.ts';
import type { Output } from '#platform/service.ts';

type Redact = (value: unknown) => unknown;

const HIDDEN = 'HIDDEN_DUE_TO_SECURITY_REASONS';
const asItIs: Redact = (value) => value;

/** Compiled once per operation. */
export function compileRedaction(
  model: ServiceModel,
  shape: string | undefined,
  secret: readonly string[] = [],
): (structure: Output) => Output {
  if (shape === undefined) return (structure) => structure;
  // A structure's redaction gives a structure.
  return redactionOf(model, shape, new Set(secret), new Map()) as (structure: Output) => Output;
}

function redactionOf(model: ServiceModel, name: string, secret: Set<string>, known: Map<string, Redact>): Redact {
  const made = known.get(name);
  if (made !== undefined) return made;
  // A recursive shape meets itself here while it is being made: it goes through the map at run time.
  known.set(name, (value) => (known.get(name) ?? asItIs)(value));
  const redact = build(model, name, secret, known);
  known.set(name, redact);
  return redact;
}

function build(model: ServiceModel, name: string, secret: Set<string>, known: Map<string, Redact>): Redact {
  const shape = model.shapes[name];
  if (shape === undefined) return asItIs;
  if (shape.sensitive) return () => HIDDEN;
  switch (shape.type) {
    case 'blob':
      return (value) => (value instanceof Uint8Array ? { size: value.length } : { streamed: true });
    case 'list': {
      const member = shape.member ? redactionOf(model, shape.member.shape, secret, known) : asItIs;
      return member === asItIs ? asItIs : (value) => (Array.isArray(value) ? value.map(member) : HIDDEN);
    }
    case 'map': {
      const member = shape.value ? redactionOf(model, shape.value.shape, secret, known) : asItIs;
      return member === asItIs ? asItIs : (value) => mapValues(value, member);
    }
    case 'structure': {
      const members = Object.entries(shape.members ?? {}).map(([key, { shape: of }]): [string, string, Redact] => [
        key,
        key.charAt(0).toLowerCase() + key.slice(1),
        secret.has(key) ? () => HIDDEN : redactionOf(model, of, secret, known),
      ]);
      return (value) => mapStructure(value, members);
    }
    default:
      return asItIs;
  }
}

function mapStructure(value: unknown, members: readonly [name: string, written: string, Redact][]): unknown {
  if (typeof value !== 'object' || value === null) return HIDDEN;
  const from = value as Record<string, unknown>;
  const to: Record<string, unknown> = {};
  for (const [name, written, redact] of members) {
    const member = from[name];
    if (member !== undefined) to[written] = redact(member);
  }
  return to;
}

function mapValues(value: unknown, redact: Redact): unknown {
  if (typeof value !== 'object' || value === null) return HIDDEN;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, redact(member)]));
}
