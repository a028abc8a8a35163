/**
 * Checks decoded inputs against the model. A shape is compiled once into a predicate that walks only what has
 * constraints: a good input costs little, and nothing is allocated for it. Only when the predicate says no, the model is
 * walked again (violations.ts) to word what is wrong as AWS does.
 */
import { present } from '#platform/base/assert.ts';
import { constraintsOf, servicePattern } from '#platform/model/constraints.ts';
import type { ProtocolName, ServiceModel, Shape, ShapeRef } from '#platform/model/schema.ts';
import { type PathStyle, reject } from '#platform/model/violations.ts';

type Predicate = (value: unknown) => boolean;

export interface ValidatorOptions {
  /** Whose default error code is used; by default the service's preferred protocol. */
  readonly protocol?: ProtocolName;
  readonly paths?: PathStyle;
}

const nothing = (): void => {};

/** A function that throws a ServiceError for an input that doesn't satisfy the shape's constraints. */
export function compileValidator(
  model: ServiceModel,
  shapeName: string | undefined,
  options: ValidatorOptions = {},
): (value: unknown) => void {
  if (shapeName === undefined) return nothing;
  const isValid = predicates(model)({ shape: shapeName });
  if (!isValid) return nothing;
  return (value) => {
    if (!isValid(value)) reject(model, shapeName, value, options);
  };
}

interface MemberCheck {
  readonly name: string;
  readonly isRequired: boolean;
  readonly isValid: Predicate | undefined;
}

/** Compiles predicates of a model's shapes; undefined for those without any constraint. */
function predicates(model: ServiceModel): (ref: ShapeRef | undefined) => Predicate | undefined {
  const compiled = new Map<string, Predicate | undefined>();
  const constrained = constrainedShapes(model);
  const compile = (ref: ShapeRef | undefined): Predicate | undefined => {
    if (!ref || !constrained(ref.shape)) return undefined;
    const name = ref.shape;
    if (!compiled.has(name)) {
      // A shape that contains itself finds this slot while it is being compiled.
      compiled.set(name, (value) => present(compiled.get(name), 'compiled by now')(value));
      compiled.set(name, build(shapeOf(model, name)));
    }
    return compiled.get(name);
  };
  const build = (shape: Shape): Predicate => {
    const own = ownPredicate(model, shape);
    const inner = innerPredicate(shape, compile);
    if (!own || !inner) return own ?? inner ?? (() => true);
    return (value) => own(value) && inner(value);
  };
  return compile;
}

function ownPredicate(model: ServiceModel, shape: Shape): Predicate | undefined {
  const checks = constraintsOf(model, shape).map((constraint) => constraint.holds);
  const pattern = servicePattern(model, shape);
  if (pattern) checks.push((value) => typeof value !== 'string' || pattern.matches(value));
  const [first, second] = checks;
  if (checks.length === 0) return undefined;
  if (first && checks.length === 1) return first;
  if (first && second && checks.length === 2) return (value) => first(value) && second(value);
  return (value) => checks.every((holds) => holds(value));
}

function innerPredicate(
  shape: Shape,
  compile: (ref: ShapeRef | undefined) => Predicate | undefined,
): Predicate | undefined {
  if (shape.type === 'structure') return structurePredicate(memberChecks(shape, compile));
  if (shape.type === 'list') return listPredicate(compile(shape.member), shape.sparse === true);
  if (shape.type === 'map') return mapPredicate(compile(shape.key), compile(shape.value), shape.sparse === true);
  return undefined;
}

function memberChecks(shape: Shape, compile: (ref: ShapeRef) => Predicate | undefined): MemberCheck[] {
  return Object.entries(shape.members ?? {})
    .map(([name, ref]) => ({ name, isRequired: shape.required?.includes(name) ?? false, isValid: compile(ref) }))
    .filter((member) => member.isRequired || member.isValid);
}

function structurePredicate(members: readonly MemberCheck[]): Predicate {
  return (value) => {
    if (typeof value !== 'object' || value === null) return true;
    const structure = value as Record<string, unknown>;
    for (const { name, isRequired, isValid } of members) {
      const member = structure[name];
      if (member === undefined || member === null) {
        if (isRequired) return false;
      } else if (isValid && !isValid(member)) return false;
    }
    return true;
  };
}

/** JSON can carry nulls in lists and maps; only sparse ones may have them. */
function listPredicate(isValid: Predicate | undefined, isSparse: boolean): Predicate | undefined {
  if (isSparse && !isValid) return undefined;
  return (value) => {
    if (!Array.isArray(value)) return true;
    for (const element of value) {
      if (element === undefined || element === null) {
        if (!isSparse) return false;
      } else if (isValid && !isValid(element)) return false;
    }
    return true;
  };
}

function mapPredicate(
  isValidKey: Predicate | undefined,
  isValidValue: Predicate | undefined,
  isSparse: boolean,
): Predicate | undefined {
  if (isSparse && !isValidKey && !isValidValue) return undefined;
  return (value) => {
    if (typeof value !== 'object' || value === null) return true;
    const map = value as Record<string, unknown>;
    for (const key of Object.keys(map)) {
      if (isValidKey && !isValidKey(key)) return false;
      const element = map[key];
      if (element === undefined || element === null) {
        if (!isSparse) return false;
      } else if (isValidValue && !isValidValue(element)) return false;
    }
    return true;
  };
}

const shapeOf = (model: ServiceModel, name: string): Shape => present(model.shapes[name], `no shape ${name}`);

/** Whether a shape, or one that it leads to, has any constraint. */
function constrainedShapes(model: ServiceModel): (name: string) => boolean {
  const known = new Map<string, boolean>();
  return (start) => {
    const reached = new Set([start]);
    for (const name of reached) {
      const shape = shapeOf(model, name);
      const answer = known.get(name);
      const isDense = (shape.type === 'list' || shape.type === 'map') && !shape.sparse;
      if (answer || isDense || (shape.required?.length ?? 0) > 0 || ownPredicate(model, shape)) {
        known.set(start, true);
        return true;
      }
      if (answer === false) continue;
      for (const next of [shape.member, shape.key, shape.value, ...Object.values(shape.members ?? {})]) {
        if (next) reached.add(next.shape);
      }
    }
    for (const name of reached) known.set(name, false);
    return false;
  };
}
