/**
 * Copies of inputs and outputs that may be written down, in CloudTrail's form: sensitive members are hidden, blobs become their
 * size, and the names of members (not the keys of maps) begin with a small letter, unless a service names them otherwise. What does
 * not have its shape (a refused call's input may be anything) is hidden too.
 */
import type { ServiceModel, ShapeRef } from '#platform/model/schema.ts';
import type { Output } from '#platform/service.ts';

type Redact = (value: unknown) => unknown;

const HIDDEN = 'HIDDEN_DUE_TO_SECURITY_REASONS';
/** How the audit writes a member; undefined: not at all. */
export type AuditNames = (member: string, ref: ShapeRef) => string | undefined;

const smallFirst: AuditNames = (member) => member.charAt(0).toLowerCase() + member.slice(1);

const asItIs: Redact = (value) => value;

/** Compiled once per operation. */
export function compileRedaction(
  model: ServiceModel,
  shape: string | undefined,
  secret: readonly string[] = [],
  names: AuditNames = smallFirst,
): (structure: Output) => Output {
  if (shape === undefined) return (structure) => structure;
  // A structure's redaction gives a structure.
  return redactionOf({ model, secret: new Set(secret), names, known: new Map() }, shape) as (
    structure: Output,
  ) => Output;
}

interface Compilation {
  readonly model: ServiceModel;
  readonly secret: ReadonlySet<string>;
  readonly names: AuditNames;
  readonly known: Map<string, Redact>;
}

function redactionOf(compilation: Compilation, name: string): Redact {
  const { known } = compilation;
  const made = known.get(name);
  if (made !== undefined) return made;
  // A recursive shape meets itself here while it is being made: it goes through the map at run time.
  known.set(name, (value) => (known.get(name) ?? asItIs)(value));
  const redact = build(compilation, name);
  known.set(name, redact);
  return redact;
}

function build(compilation: Compilation, name: string): Redact {
  const { model, secret, names } = compilation;
  const shape = model.shapes[name];
  if (shape === undefined) return asItIs;
  if (shape.sensitive) return () => HIDDEN;
  switch (shape.type) {
    case 'blob':
      return (value) => (value instanceof Uint8Array ? { size: value.length } : { streamed: true });
    case 'list': {
      const member = shape.member ? redactionOf(compilation, shape.member.shape) : asItIs;
      return member === asItIs ? asItIs : (value) => (Array.isArray(value) ? value.map(member) : HIDDEN);
    }
    case 'map': {
      const member = shape.value ? redactionOf(compilation, shape.value.shape) : asItIs;
      return member === asItIs ? asItIs : (value) => mapValues(value, member);
    }
    case 'structure': {
      const members = Object.entries(shape.members ?? {}).flatMap(([key, ref]): [string, string, Redact][] => {
        const written = names(key, ref);
        if (written === undefined) return [];
        return [[key, written, secret.has(key) ? () => HIDDEN : redactionOf(compilation, ref.shape)]];
      });
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
