/**
 * Inputs and outputs as JSON text that may be written down, in CloudTrail's form: sensitive members are hidden, blobs become their
 * size, and the names of members (not the keys of maps) begin with a small letter. What does not have its shape (a refused call's
 * input may be anything) is hidden too. Text at once, without a copy in between: every management call pays for it.
 */
import { jsonText } from '#platform/base/json-text.ts';
import type { ServiceModel } from '#platform/model/schema.ts';
import type { Output } from '#platform/service.ts';

type Redact = (value: unknown) => string;

const HIDDEN = '"HIDDEN_DUE_TO_SECURITY_REASONS"';
const asItIs: Redact = (value) => (typeof value === 'string' ? jsonText(value) : (JSON.stringify(value) ?? 'null'));

/** Compiled once per operation. */
export function compileRedaction(
  model: ServiceModel,
  shape: string | undefined,
  secret: readonly string[] = [],
): (structure: Output) => string {
  return shape === undefined ? asItIs : redactionOf(model, shape, new Set(secret), new Map());
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
      return (value) => (value instanceof Uint8Array ? `{"size":${value.length}}` : '{"streamed":true}');
    case 'list': {
      const member = shape.member ? redactionOf(model, shape.member.shape, secret, known) : asItIs;
      return member === asItIs
        ? asItIs
        : (value) => (Array.isArray(value) ? `[${value.map(member).join(',')}]` : HIDDEN);
    }
    case 'map': {
      const member = shape.value ? redactionOf(model, shape.value.shape, secret, known) : asItIs;
      return member === asItIs ? asItIs : (value) => ofMap(value, member);
    }
    case 'structure': {
      const members = Object.entries(shape.members ?? {}).map(([key, { shape: of }]): Member => {
        const start = `${JSON.stringify(key.charAt(0).toLowerCase() + key.slice(1))}:`;
        return [key, start, secret.has(key) ? () => HIDDEN : redactionOf(model, of, secret, known)];
      });
      return (value) => ofStructure(value, members);
    }
    default:
      return asItIs;
  }
}

type Member = readonly [name: string, start: string, redact: Redact];

function ofStructure(value: unknown, members: readonly Member[]): string {
  if (typeof value !== 'object' || value === null) return HIDDEN;
  const from = value as Record<string, unknown>;
  let text = '';
  for (const [name, start, redact] of members) {
    const member = from[name];
    if (member !== undefined) text += (text === '' ? '{' : ',') + start + redact(member);
  }
  return text === '' ? '{}' : `${text}}`;
}

function ofMap(value: unknown, redact: Redact): string {
  if (typeof value !== 'object' || value === null) return HIDDEN;
  return `{${Object.entries(value)
    .map(([key, member]) => `${JSON.stringify(key)}:${redact(member)}`)
    .join(',')}}`;
}
