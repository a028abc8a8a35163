/**
 * Forms that what comes to root must have, exactly: each takes what was said and gives it back with its type, or throws. Texts match as a
 * whole, numbers have a range, lists and records nothing beyond what they should.
 */
import { isIPv4 } from 'node:net';

export type Form<Value> = (value: unknown) => Value;

class FormError extends Error {
  override name = 'FormError';
}

const refuse = (expected: string, value: unknown): never => {
  throw new FormError(`expected ${expected}, not ${String(JSON.stringify(value)).slice(0, 100)}`);
};

/** `pattern` is anchored at both ends. */
export const text =
  (pattern: RegExp): Form<string> =>
  (value) =>
    typeof value === 'string' && pattern.test(value) ? value : refuse(String(pattern), value);

export const ipv4: Form<string> = (value) =>
  typeof value === 'string' && isIPv4(value) ? value : refuse('an IPv4 address', value);

export const whole =
  (least: number, most: number): Form<number> =>
  (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
      ? value
      : refuse(`a number from ${least} to ${most}`, value);

export const oneOf =
  <const Choice extends string>(...choices: readonly Choice[]): Form<Choice> =>
  (value) =>
    choices.find((choice) => choice === value) ?? refuse(choices.join(' or '), value);

export const optional =
  <Value>(form: Form<Value>): Form<Value | undefined> =>
  (value) =>
    value === undefined ? undefined : form(value);

export const list =
  <Item>(item: Form<Item>, most: number): Form<readonly Item[]> =>
  (value) =>
    Array.isArray(value) && value.length <= most ? value.map(item) : refuse(`a list of at most ${most}`, value);

export const record =
  <Fields extends Readonly<Record<string, Form<unknown>>>>(
    fields: Fields,
  ): Form<{ readonly [Name in keyof Fields]: ReturnType<Fields[Name]> }> =>
  (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse('a record', value);
    const given = value as Readonly<Record<string, unknown>>;
    const stranger = Object.keys(given).find((name) => !Object.hasOwn(fields, name));
    if (stranger !== undefined) return refuse(`nothing named ${stranger}`, value);
    const read = Object.entries(fields).map(([name, form]) => [name, form(given[name])]);
    // Each field was read by its own form.
    return Object.fromEntries(read) as { readonly [Name in keyof Fields]: ReturnType<Fields[Name]> };
  };
