/** Inputs that nobody should send: members of the right names with values of any kind, forms with strange paths, plain bytes. */
import fc from 'fast-check';
import type { ServiceModel, Shape } from '#platform/model/schema.ts';

/** Member -> values that exist: they get further than chance does. */
export type Known = Readonly<Record<string, readonly string[]>>;

function texts(known: Known): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...Object.values(known).flat()) },
    fc.string({ maxLength: 20 }),
    fc.string({ unit: 'binary', maxLength: 10 }),
    fc.constantFrom(
      '',
      ' ',
      '*',
      '{}',
      '[]',
      '{"Version":"2012-10-17","Statement":[]}',
      'true',
      '-1',
      '1e9',
      'null',
      '\0',
      '\ud800',
    ),
    fc.constantFrom(
      '__proto__',
      'constructor',
      'x'.repeat(3000),
      'arn:aws:sqs:us-east-1:123456789012:orders',
      '%',
      '&=',
      '<a>&amp;',
    ),
    fc.integer().map(String),
  );
}

const anything = (text: fc.Arbitrary<string>): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 3, arbitrary: text },
    fc.constantFrom(null, true, 0, -1, 1.5, 1e300, [], {}, [null], { member: 1 }),
    fc.jsonValue({ maxDepth: 3 }),
  );

interface Words {
  readonly known: Known;
  readonly text: fc.Arbitrary<string>;
}

const DEEPEST = 5;

/** Mostly of the shape's own form, so that decoding and validation let some of it pass. */
function valuesOf(model: ServiceModel, name: string, words: Words, depth: number): fc.Arbitrary<unknown> {
  const shape = model.shapes[name];
  if (shape === undefined || depth > DEEPEST) return anything(words.text);
  return fc.oneof(
    { weight: 20, arbitrary: proper(model, shape, words, depth) },
    { weight: 1, arbitrary: anything(words.text) },
  );
}

function proper(model: ServiceModel, shape: Shape, words: Words, depth: number): fc.Arbitrary<unknown> {
  switch (shape.type) {
    case 'structure':
      return inputsOf(model, shape, words, depth);
    case 'list':
      return fc.array(valuesOf(model, shape.member?.shape ?? '', words, depth + 1), { maxLength: 3 });
    case 'map':
      return fc.dictionary(words.text, valuesOf(model, shape.value?.shape ?? '', words, depth + 1), { maxKeys: 3 });
    case 'boolean':
      return fc.boolean();
    case 'integer':
    case 'long':
      return fc.oneof(fc.integer({ min: -1, max: 20 }), fc.integer(), fc.maxSafeInteger());
    case 'float':
    case 'double':
      return fc.double();
    case 'timestamp':
      return fc.oneof(fc.integer(), fc.double());
    case 'blob':
      return fc.oneof(fc.base64String({ maxLength: 20 }), words.text);
    default:
      return shape.enum === undefined ? words.text : fc.oneof(fc.constantFrom(...shape.enum), words.text);
  }
}

/** A long poll is no hang: nothing here asks for one. */
const LEFT_OUT = new Set(['WaitTimeSeconds']);

function inputsOf(
  model: ServiceModel,
  shape: Shape,
  words: Words,
  depth: number,
): fc.Arbitrary<Record<string, unknown>> {
  const members = Object.entries(shape.members ?? {}).filter(([name]) => !LEFT_OUT.has(name));
  const required = (shape.required ?? []).filter((name) => !LEFT_OUT.has(name));
  const memberOf = (name: string, shapeName: string): fc.Arbitrary<unknown> => {
    const any = valuesOf(model, shapeName, words, depth + 1);
    const existing = words.known[name];
    return existing ? fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...existing) }, any) : any;
  };
  const arbitraries = Object.fromEntries(members.map(([name, ref]) => [name, memberOf(name, ref.shape)]));
  return fc.oneof(
    { weight: 4, arbitrary: fc.record(arbitraries, { requiredKeys: required }) },
    { weight: 1, arbitrary: fc.record(arbitraries, { requiredKeys: [] }) },
  );
}

export function garbageFor(
  model: ServiceModel,
  operation: string,
  known: Known,
): fc.Arbitrary<Record<string, unknown>> {
  const shape = model.shapes[model.operations[operation]?.input?.shape ?? ''];
  return shape === undefined ? fc.constant({}) : inputsOf(model, shape, { known, text: texts(known) }, 0);
}

/** Lists as one of the ways in which Query clients write them, maps as entries. */
export function formPairs(prefix: string, value: unknown, style: 'flat' | 'member' | 'Entry'): [string, string][] {
  if (Array.isArray(value)) {
    const at = (i: number): string => (style === 'flat' ? `${prefix}.${i}` : `${prefix}.member.${i}`);
    return value.flatMap((each, i) => formPairs(at(i + 1), each, style));
  }
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([name, each], i) =>
      style === 'Entry' && prefix !== ''
        ? [
            [`${prefix}.entry.${i + 1}.key`, name] as [string, string],
            ...formPairs(`${prefix}.entry.${i + 1}.value`, each, style),
          ]
        : formPairs(prefix === '' ? name : `${prefix}.${name}`, each, style),
    );
  }
  return [[prefix, String(value)]];
}
