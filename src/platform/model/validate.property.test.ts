/** The compiled validator against a slow, obvious one, over models and values of chance; and never anything but a ServiceError. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ServiceError } from '#platform/error.ts';
import { modelLoader } from '#platform/model/load.ts';
import type { ServiceModel, Shape } from '#platform/model/schema.ts';
import { compileValidator } from '#platform/model/validate.ts';

const NAMES = ['A', 'B', 'C', 'D', 'E', 'F'];
const name = fc.constantFrom(...NAMES);
const limit = fc.option(fc.nat(4), { nil: undefined });
const ref = name.map((shape) => ({ shape }));

/** Without absent members, which exactOptionalPropertyTypes keeps apart from undefined ones. */
const compact = (shape: Record<string, unknown>): Shape =>
  Object.fromEntries(Object.entries(shape).filter(([, value]) => value !== undefined)) as unknown as Shape;

const anyShape: fc.Arbitrary<Shape> = fc
  .oneof(
    fc.record({
      type: fc.constant('string'),
      min: limit,
      max: limit,
      pattern: fc.option(fc.constantFrom('[a-c]*', '(a|ab)(c|bcd)*', '.*\\p{L}'), { nil: undefined }),
      enum: fc.option(fc.constant(['a', 'ab']), { nil: undefined }),
    }),
    fc.record({ type: fc.constantFrom('integer', 'double', 'long'), min: limit, max: limit }),
    fc.record({ type: fc.constant('blob'), min: limit, max: limit }),
    fc.record({ type: fc.constant('boolean') }),
    fc.record({ type: fc.constant('list'), member: ref, min: limit, max: limit, sparse: fc.boolean() }),
    fc.record({
      type: fc.constant('map'),
      key: fc.constant({ shape: 'K' }),
      value: ref,
      min: limit,
      max: limit,
      sparse: fc.boolean(),
    }),
    fc.record({
      type: fc.constant('structure'),
      members: fc.dictionary(name, ref, { noNullPrototype: true }),
      required: fc.subarray(NAMES),
    }),
  )
  .map(compact);

const anyModel = fc.tuple(...NAMES.map(() => anyShape)).map((drawn): ServiceModel => {
  const metadata = { serviceId: 'Test', apiVersion: '1', endpointPrefix: 'test', protocols: ['json'] as const };
  const shapes = Object.fromEntries(drawn.map((shape, i) => [NAMES[i] ?? '', onlyOwnMembers(shape)]));
  return { metadata, operations: {}, shapes: { ...shapes, K: { type: 'string', max: 2 } } };
});

const onlyOwnMembers = (shape: Shape): Shape =>
  shape.required
    ? { ...shape, required: shape.required.filter((member) => shape.members && member in shape.members) }
    : shape;

const TEXTS = ['', 'a', 'ab', 'abc', 'abcd', '😀', 'é', 'aaaaaa'];

/** A value of the shape's type, right or wrong, made of the numbers that `next` gives. */
function makeValue(model: ServiceModel, shapeName: string, next: () => number, depth = 0): unknown {
  const shape = model.shapes[shapeName] as Shape;
  const element = (name = ''): unknown => (next() % 5 === 0 ? null : makeValue(model, name, next, depth + 1));
  const count = depth > 3 ? 0 : next() % 5;
  if (shape.type === 'string') return TEXTS[next() % TEXTS.length];
  if (shape.type === 'boolean') return next() % 2 === 0;
  if (shape.type === 'blob') return new Uint8Array(next() % 6);
  if (shape.type === 'list') return Array.from({ length: count }, () => element(shape.member?.shape));
  if (shape.type === 'map') {
    const entries = Array.from({ length: count }, () => [TEXTS[next() % TEXTS.length], element(shape.value?.shape)]);
    return Object.fromEntries(entries) as unknown;
  }
  if (shape.type !== 'structure') return next() % 7;
  const members = Object.entries(shape.members ?? {}).filter(() => depth < 4 && next() % 4 !== 0);
  return Object.fromEntries(members.map(([member, reference]) => [member, element(reference.shape)]));
}

/** A value is right if everything that is said of it holds. */
function isRight(model: ServiceModel, shapeName: string, value: unknown): boolean {
  const shape = model.shapes[shapeName] as Shape;
  const isWithin = (amount: number): boolean => amount >= (shape.min ?? amount) && amount <= (shape.max ?? amount);
  const isElement = (name: string | undefined, element: unknown): boolean =>
    element === null ? shape.sparse === true : isRight(model, name ?? '', element);
  if (typeof value === 'number') return isWithin(value);
  if (typeof value === 'string') {
    const matches = !shape.pattern || new RegExp(`^(?:${shape.pattern})$`, 'u').test(value);
    return isWithin([...value].length) && matches && (!shape.enum || shape.enum.includes(value));
  }
  if (value instanceof Uint8Array) return isWithin(value.length);
  if (Array.isArray(value)) return isWithin(value.length) && value.every((one) => isElement(shape.member?.shape, one));
  if (typeof value !== 'object' || value === null) return true;
  if (shape.type === 'map') {
    const entries = Object.entries(value);
    const areRight = entries.every(
      ([key, entry]) => isElement(shape.key?.shape, key) && isElement(shape.value?.shape, entry),
    );
    return isWithin(entries.length) && areRight;
  }
  return Object.entries(shape.members ?? {}).every(([member, reference]) => {
    const inner = (value as Record<string, unknown>)[member] ?? null;
    return inner === null ? !shape.required?.includes(member) : isRight(model, reference.shape, inner);
  });
}

test('the validator refuses what the obvious one refuses, and nothing else', () => {
  let refused = 0;
  const property = fc.property(anyModel, fc.infiniteStream(fc.nat(1000)), (model, numbers) => {
    // A top-level shape is always a structure, of members that may be anything.
    const shapes = { ...model.shapes, In: { type: 'structure' as const, members: { A: { shape: 'A' } } } };
    const whole = { ...model, shapes };
    const value = makeValue(whole, 'A', () => numbers.next().value);
    const expected = isRight(whole, 'In', { A: value });
    let accepted = true;
    try {
      compileValidator(whole, 'In')({ A: value });
    } catch (error) {
      assert.ok(error instanceof ServiceError, String(error));
      assert.match(
        error.message,
        /^(1 validation error|[2-9] validation errors|\d\d validation errors) detected: Value/,
      );
      accepted = false;
      refused++;
    }
    assert.equal(accepted, expected);
  });
  fc.assert(property, { numRuns: 3000 });
  assert.ok(refused > 300, `only ${refused} values were refused`);
});

test('whatever a codec may make of a request, the answer is a ServiceError', () => {
  const load = modelLoader();
  const inputs = ['sqs', 'iam', 'sts', 'kms', 'cloudtrail', 'resourcegroupstaggingapi', 'service-quotas'].flatMap(
    (service) => Object.values(load(service).operations).map(({ input }) => ({ service, shape: input?.shape })),
  );
  const anything = fc.anything({ withBigInt: true, withNullPrototype: true, withTypedArray: true });
  const property = fc.property(
    fc.constantFrom(...inputs),
    fc.infiniteStream(anything),
    ({ service, shape }, values) => {
      const model = load(service);
      const members = Object.keys(model.shapes[shape ?? '']?.members ?? {});
      const input = Object.fromEntries(members.map((member) => [member, values.next().value]));
      try {
        compileValidator(model, shape)(input);
      } catch (error) {
        assert.ok(error instanceof ServiceError, `${service} ${shape}: ${String(error)}`);
      }
    },
  );
  fc.assert(property, { numRuns: 1000 });
});
