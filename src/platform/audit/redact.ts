/**
 * Inputs and outputs as JSON text that may be written down, in CloudTrail's form: sensitive members are hidden, blobs become their
 * size, and the names of members (not the keys of maps) begin with a small letter, unless a service names them otherwise. What does
 * not have its shape (a refused call's input may be anything) is hidden too. Text at once, without a copy in between: every management call pays for it.
 */
import { jsonText } from '#platform/base/json-text.ts';
import type { ServiceModel, ShapeRef } from '#platform/model/schema.ts';
import type { Output } from '#platform/service.ts';

type Redact = (value: unknown) => string;

/** How the audit writes a member; undefined: not at all. */
export type AuditNames = (member: string, ref: ShapeRef) => string | undefined;

export type AuditTimes = 'text' | 'milliseconds';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `"Nov 18, 2020, 1:29:18 AM"`, in UTC, as CloudTrail shows the times of requests and answers. */
function timeText(value: unknown): string {
  const time = typeof value === 'number' ? new Date(value) : undefined;
  // A refused call's input may be anything.
  if (time === undefined || Number.isNaN(time.getTime())) return asItIs(value);
  const hour = time.getUTCHours();
  const [minute, second] = [time.getUTCMinutes(), time.getUTCSeconds()].map((part) => String(part).padStart(2, '0'));
  const day = `${MONTHS[time.getUTCMonth()]} ${time.getUTCDate()}, ${time.getUTCFullYear()}`;
  return `"${day}, ${hour % 12 || 12}:${minute}:${second} ${hour < 12 ? 'AM' : 'PM'}"`;
}

export const smallFirst = (member: string): string => member.charAt(0).toLowerCase() + member.slice(1);

const HIDDEN_WORD = 'HIDDEN_DUE_TO_SECURITY_REASONS';
const HIDDEN = `"${HIDDEN_WORD}"`;
const asItIs: Redact = (value) => (typeof value === 'string' ? jsonText(value) : (JSON.stringify(value) ?? 'null'));

/** Compiled once per operation. */
export function compileRedaction(
  model: ServiceModel,
  shape: string | undefined,
  secret: readonly string[] = [],
  names: AuditNames = smallFirst,
  times: AuditTimes = 'text',
): (structure: Output) => string {
  const compilation = { model, secret: new Set(secret), names, times, known: new Map<string, Redact>() };
  return shape === undefined ? asItIs : redactionOf(compilation, shape);
}

/** What is shorter is nothing that anybody keeps secret, and may stand in any sentence. */
const SHORTEST_SECRET = 4;

/** A refusal's words may quote the input: here without what is secret in it. Of refused calls only, so nothing is compiled. */
export function redactMessage(
  message: string,
  model: ServiceModel,
  shape: string | undefined,
  secret: readonly string[],
  input: Output,
): string {
  const texts = shape === undefined ? [] : [...secretTexts(model, shape, new Set(secret), input, false)];
  // The longest first: one may be a part of another.
  return texts
    .filter(({ length }) => length >= SHORTEST_SECRET)
    .sort((a, b) => b.length - a.length)
    .reduce((shown, text) => shown.replaceAll(text, HIDDEN_WORD), message);
}

function* secretTexts(
  model: ServiceModel,
  name: string | undefined,
  secret: ReadonlySet<string>,
  value: unknown,
  isHidden: boolean,
): Generator<string> {
  const shape = name === undefined ? undefined : model.shapes[name];
  const hides = isHidden || shape?.sensitive === true;
  if (typeof value === 'string' && hides) yield value;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
  for (const [key, inner] of Object.entries(value)) {
    const ref = shape?.members?.[key] ?? shape?.member ?? shape?.value;
    yield* secretTexts(model, ref?.shape, secret, inner, hides || secret.has(key));
  }
}

interface Compilation {
  readonly model: ServiceModel;
  readonly secret: ReadonlySet<string>;
  readonly names: AuditNames;
  readonly times: AuditTimes;
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
  const { model, secret, names, times } = compilation;
  const shape = model.shapes[name];
  if (shape === undefined) return asItIs;
  if (shape.sensitive) return () => HIDDEN;
  switch (shape.type) {
    case 'blob':
      return (value) => (value instanceof Uint8Array ? `{"size":${value.length}}` : '{"streamed":true}');
    case 'timestamp':
      return times === 'text' ? timeText : asItIs;
    case 'list': {
      const member = shape.member ? redactionOf(compilation, shape.member.shape) : asItIs;
      return member === asItIs
        ? asItIs
        : (value) => (Array.isArray(value) ? `[${value.map(member).join(',')}]` : HIDDEN);
    }
    case 'map': {
      const member = shape.value ? redactionOf(compilation, shape.value.shape) : asItIs;
      return member === asItIs ? asItIs : (value) => ofMap(value, member);
    }
    case 'structure': {
      const members = Object.entries(shape.members ?? {}).flatMap(([key, ref]): Member[] => {
        const written = names(key, ref);
        if (written === undefined) return [];
        const redact = secret.has(key) ? () => HIDDEN : redactionOf(compilation, ref.shape);
        return [[key, `${JSON.stringify(written)}:`, redact]];
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
  const from = value as Record<string, unknown>;
  let text = '';
  for (const key of Object.keys(from)) text += `${text === '' ? '' : ','}${jsonText(key)}:${redact(from[key])}`;
  return `{${text}}`;
}
