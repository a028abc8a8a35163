/**
 * What a model says of a single value: lengths, ranges, patterns, enums. Each constraint knows whether it holds and how
 * AWS says that it doesn't; validate.ts tests with the one, violations.ts speaks with the other.
 */
import { compilePattern } from '#platform/model/pattern.ts';
import type { ServiceModel, Shape } from '#platform/model/schema.ts';

export interface Constraint {
  /** `Member must have length less than or equal to 64` */
  readonly text: string;
  readonly holds: (value: unknown) => boolean;
}

const NUMBERS: readonly string[] = ['integer', 'long', 'float', 'double', 'byte', 'short', 'bigdecimal', 'biginteger'];

/** In the order in which AWS lists them. Patterns that the service words itself are left to `servicePattern`. */
export function constraintsOf(model: ServiceModel, shape: Shape): readonly Constraint[] {
  const { min, max, pattern } = shape;
  const constraints: Constraint[] = [];
  if (NUMBERS.includes(shape.type)) {
    if (max !== undefined) constraints.push(atMost(max, bound(max, shape)));
    if (min !== undefined) constraints.push(atLeast(min, bound(min, shape)));
    return constraints;
  }
  if (max !== undefined) constraints.push(notLonger(max));
  // A length of 0 can't be undercut, but stands among the constraints on a list's elements.
  if (min !== undefined) constraints.push(notShorter(min));
  if (pattern !== undefined && model.validation?.patterns?.[pattern] === undefined) {
    const matches = compilePattern(pattern, max);
    const text = `Member must satisfy regular expression pattern: ${pattern}`;
    constraints.push({ text, holds: (value) => typeof value !== 'string' || matches(value) });
  }
  if (shape.enum && model.validation?.enums !== 'open') {
    const allowed: ReadonlySet<unknown> = new Set(shape.enum);
    const text = `Member must satisfy enum value set: [${shape.enum.join(', ')}]`;
    constraints.push({ text, holds: (value) => typeof value !== 'string' || allowed.has(value) });
  }
  return constraints;
}

export interface ServicePattern {
  /** With `{member}` for the member's name. */
  readonly message: string;
  readonly matches: (value: string) => boolean;
}

/** The check that a service makes itself, after all constraints of the model hold. */
export function servicePattern(model: ServiceModel, shape: Shape): ServicePattern | undefined {
  const message = shape.pattern === undefined ? undefined : model.validation?.patterns?.[shape.pattern];
  if (shape.pattern === undefined || message === undefined) return undefined;
  return { message, matches: compilePattern(shape.pattern, shape.max) };
}

// Java writes a double's bound as 1.0.
const bound = (value: number, { type }: Shape): string =>
  (type === 'float' || type === 'double') && Number.isInteger(value) ? value.toFixed(1) : String(value);

const isNumber = (value: unknown): value is number | bigint => typeof value === 'number' || typeof value === 'bigint';

const atMost = (max: number, text: string): Constraint => ({
  text: `Member must have value less than or equal to ${text}`,
  holds: (value) => !isNumber(value) || value <= max,
});

const atLeast = (min: number, text: string): Constraint => ({
  text: `Member must have value greater than or equal to ${text}`,
  holds: (value) => !isNumber(value) || value >= min,
});

const notLonger = (max: number): Constraint => ({
  text: `Member must have length less than or equal to ${max}`,
  holds: (value) => (typeof value === 'string' && value.length <= max) || (lengthOf(value) ?? 0) <= max,
});

const notShorter = (min: number): Constraint => ({
  text: `Member must have length greater than or equal to ${min}`,
  holds: (value) => (typeof value === 'string' && value.length >= 2 * min) || (lengthOf(value) ?? min) >= min,
});

/** Of a text, its code points (Smithy: "the number of Unicode scalar values"). Undefined for what has no length. */
function lengthOf(value: unknown): number | undefined {
  if (typeof value === 'string') return codePoints(value);
  if (Array.isArray(value)) return value.length;
  if (value instanceof Uint8Array) return value.byteLength;
  return typeof value === 'object' && value !== null ? Object.keys(value).length : undefined;
}

function codePoints(text: string): number {
  let count = text.length;
  for (let i = 1; i < text.length; i++) {
    const isPair = (text.charCodeAt(i) & 0xfc00) === 0xdc00 && (text.charCodeAt(i - 1) & 0xfc00) === 0xd800;
    if (isPair) count--;
  }
  return count;
}
