/**
 * Shapes as codecs see them. A reference to a shape may override the shape's own traits (`locationName`, `flattened`,
 * `timestampFormat` …), so codecs compile the two merged. Compiled functions are kept by reference, and a shape that
 * contains itself finds the function that is being compiled through a slot.
 */
import { assert, present } from '#platform/base/assert.ts';
import { ServiceError } from '#platform/error.ts';
import type { ServiceModel, Shape, ShapeRef } from '#platform/model/schema.ts';

/** No request of AWS's nests deeper; DynamoDB's 32 levels of attribute values are 64 of structures and maps. */
export const DEPTH_LIMIT = 128;

/** A shape as one place refers to it. */
export interface Resolved extends Shape {
  /** The shape's name. */
  readonly shape: string;
}

export function resolve(model: ServiceModel, ref: ShapeRef): Resolved {
  const { locationName: _, ...shape } = shapeOf(model, ref.shape);
  return { ...shape, ...ref };
}

/**
 * A shape's own `locationName` is its name as the root of a document; a member or an item is not called by it (Smithy,
 * xmlName). Hence it is asked for here, and `resolve` leaves it out.
 */
export const rootNameOf = (model: ServiceModel, shape: Resolved): string | undefined =>
  shape.shape === '' ? undefined : shapeOf(model, shape.shape).locationName;

const shapeOf = (model: ServiceModel, name: string): Shape =>
  present(model.shapes[name], `no shape ${name} in ${model.metadata.serviceId}`);

export interface Member {
  readonly name: string;
  readonly ref: ShapeRef;
  readonly shape: Resolved;
}

export function membersOf(model: ServiceModel, shape: Shape): Member[] {
  return Object.entries(shape.members ?? {}).map(([name, ref]) => {
    // No model of AWS's has such a member; codecs and handlers read members without asking who owns them.
    assert(!(name in Object.prototype) && !((ref.locationName ?? '') in Object.prototype), `a member is named ${name}`);
    return { name, ref, shape: resolve(model, ref) };
  });
}

export const listMember = (shape: Resolved): ShapeRef => present(shape.member, `list ${shape.shape} has no member`);
export const mapKey = (shape: Resolved): ShapeRef => present(shape.key, `map ${shape.shape} has no key`);
export const mapValue = (shape: Resolved): ShapeRef => present(shape.value, `map ${shape.shape} has no value`);

/** The structure that an operation takes or gives; one without members if it has none. */
export function structureOf(model: ServiceModel, ref: ShapeRef | undefined): Resolved {
  return ref ? resolve(model, ref) : { shape: '', type: 'structure' };
}

/**
 * Keeps one compiled function per reference (and per `variant`, where a place has a say: an element's name).
 * `forward` makes a function that calls what the slot will hold, for shapes that contain themselves.
 */
export function memoized<F>(
  build: (ref: ShapeRef, variant: string) => F,
  forward: (slot: () => F) => F,
): (ref: ShapeRef, variant?: string) => F {
  const compiled = new Map<string, F | undefined>();
  return (ref, variant = '') => {
    const key = `${JSON.stringify(ref)} ${variant}`;
    const known = compiled.get(key);
    if (known !== undefined) return known;
    if (compiled.has(key)) return forward(() => present(compiled.get(key), 'called while it is being compiled'));
    compiled.set(key, undefined);
    const made = build(ref, variant);
    compiled.set(key, made);
    return made;
  };
}

/** Keeps what was made of a shape, by its name. */
export function perShape<F>(make: (shape: Resolved) => F): (shape: Resolved) => F {
  const made = new Map<string, F>();
  return (shape) => {
    const known = made.get(shape.shape);
    if (known !== undefined) return known;
    const fresh = make(shape);
    made.set(shape.shape, fresh);
    return fresh;
  };
}

/** What a client sent is not what the model says. Each protocol has its own code for it: see common-errors.ts. */
export function malformed(message: string): never {
  throw new ServiceError('SerializationException', message);
}

export function tooDeep(): never {
  malformed(`Structures and lists are nested more than ${DEPTH_LIMIT} levels deep`);
}
