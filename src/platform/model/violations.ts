/**
 * The words for an input that is not valid: `1 validation error detected: Value 'x y' at 'roleName' failed to satisfy
 * constraint: Member must satisfy regular expression pattern: [\w+=,.@-]+`. The forms are those of AWS's own answers:
 * a path names members with a small first letter, elements as `tags.1.member.key`, in JSON protocols too; constraints on
 * the elements of a list or map are reported once for the whole of it, all of them
 * (`Member must satisfy constraint: [Member must have length …, …]`, `Map keys must …`, `Map value must …`).
 */
import { present } from '#platform/base/assert.ts';
import { ServiceError } from '#platform/error.ts';
import { type Constraint, constraintsOf, servicePattern } from '#platform/model/constraints.ts';
import type { ProtocolName, ServiceModel, Shape, ShapeRef, WordedError } from '#platform/model/schema.ts';

/** "member": `tags.1.member.key`, as most services; "pointer": `/tags/0/key`, as those on Smithy's server. */
export type PathStyle = 'member' | 'pointer';

/** A bad input can't make an answer grow beyond reason. */
const VIOLATION_LIMIT = 50;
const PRINTED_COLLECTION_LIMIT = 2048;

interface Walk {
  readonly model: ServiceModel;
  readonly style: PathStyle;
  readonly violations: string[];
  /** What the service itself has to say, if the model has nothing. */
  readonly serviceMessages: string[];
  /** Query paths of required members that are absent. */
  readonly missing: string[];
  /** The first violation: the input's member that it is in, where that stands in a query, and what stands there. */
  first?: { readonly member: string | undefined; readonly queryPath: string; readonly value: unknown };
  readonly constraints: Map<Shape, readonly Constraint[]>;
  readonly sensitive: Map<Shape, boolean>;
}

interface Place {
  readonly path: string;
  readonly queryPath: string;
  /** The name of the member that we are in. */
  readonly member: string;
  /** The input's own member that leads here. */
  readonly root?: string | undefined;
}

export function reject(
  model: ServiceModel,
  shapeName: string,
  value: unknown,
  { protocol, paths = 'member' }: { readonly protocol?: ProtocolName; readonly paths?: PathStyle } = {},
): never {
  const found = { violations: [], serviceMessages: [], missing: [] };
  const walk: Walk = { model, style: paths, ...found, constraints: new Map(), sensitive: new Map() };
  visitContent(walk, shapeOf(model, shapeName), value, { path: '', queryPath: '', member: '' });
  const { missing, wrong, bindings } = model.validation ?? {};
  if (bindings) rejectByBinding(walk, bindings, shapeOf(model, shapeName), value as Record<string, unknown>);
  const [firstMissing] = walk.missing;
  if (missing && firstMissing !== undefined) {
    throw new ServiceError(
      missing.code,
      missing.message.replace('{member}', () => firstMissing),
    );
  }
  if (wrong && walk.first !== undefined) throw wrongValue(wrong, walk.first);
  const count = walk.violations.length;
  const code = model.validation?.code ?? defaultCode(protocol ?? model.metadata.protocols[0]);
  if (count === 0) throw new ServiceError(code, present(walk.serviceMessages[0], 'a rejected input has a violation'));
  const detected = count === 1 ? '1 validation error detected' : `${count} validation errors detected`;
  throw new ServiceError(code, `${detected}: ${walk.violations.join('; ')}`);
}

const wrongValue = ({ code, message }: WordedError, { queryPath, value }: NonNullable<Walk['first']>): ServiceError =>
  new ServiceError(
    code,
    message
      .replace('{parameter}', () => queryPath)
      .replace('{value}', () => print(value, { left: PRINTED_COLLECTION_LIMIT })),
  );

type Bindings = NonNullable<NonNullable<ServiceModel['validation']>['bindings']>;

function rejectByBinding(walk: Walk, bindings: Bindings, input: Shape, values: Record<string, unknown>): never {
  const member = present(walk.first?.member, 'a rejected input has a violation');
  const { location, locationName = member } = present(input.members?.[member], 'the member is one of the input');
  // A structure that is a payload may be missing whole.
  if (location === undefined) throw new ServiceError(bindings.body.code, bindings.body.message);
  throw parameterError(bindings.parameter, locationName, values[member]);
}

/** The header or query parameter that is wrong stands beside the message. */
export function parameterError({ code, message }: WordedError, name: string, value: unknown): ServiceError {
  const fields = { ArgumentName: name, ...(isPresent(value) && { ArgumentValue: String(value) }) };
  return new ServiceError(
    code,
    message.replace('{parameter}', () => name),
    { fields },
  );
}

const defaultCode = (protocol: ProtocolName | undefined): string =>
  protocol === 'query' || protocol === 'ec2' ? 'ValidationError' : 'ValidationException';

const shapeOf = (model: ServiceModel, name: string): Shape => present(model.shapes[name], `no shape ${name}`);

function constraintsOn(walk: Walk, shape: Shape): readonly Constraint[] {
  const known = walk.constraints.get(shape);
  if (known) return known;
  const made = constraintsOf(walk.model, shape);
  walk.constraints.set(shape, made);
  return made;
}

function report(walk: Walk, place: Place, shape: Shape, value: unknown, constraint: string): void {
  if (walk.violations.length >= VIOLATION_LIMIT) return;
  walk.first ??= { member: place.root, queryPath: place.queryPath, value };
  const shown = isSensitive(walk, shape) ? '' : ` ${printed(value)}`;
  walk.violations.push(`Value${shown} at '${place.path}' failed to satisfy constraint: ${constraint}`);
}

/** A value and all that is in it. */
function visit(walk: Walk, ref: ShapeRef, value: unknown, place: Place): void {
  const shape = shapeOf(walk.model, ref.shape);
  for (const { text, holds } of constraintsOn(walk, shape)) {
    if (!holds(value)) report(walk, place, shape, value, text);
  }
  noteServicePattern(walk, shape, value, place);
  visitContent(walk, shape, value, place);
}

function noteServicePattern(walk: Walk, shape: Shape, value: unknown, place: Place): void {
  const pattern = typeof value === 'string' ? servicePattern(walk.model, shape) : undefined;
  if (!pattern || pattern.matches(value as string)) return; // a pattern is there for strings only
  walk.serviceMessages.push(pattern.message.replace('{member}', () => place.member));
}

function visitContent(walk: Walk, shape: Shape, value: unknown, place: Place): void {
  if (typeof value !== 'object' || value === null) return;
  if (shape.type === 'structure') visitMembers(walk, shape, value as Record<string, unknown>, place);
  else if (shape.type === 'list' && Array.isArray(value)) visitElements(walk, shape, value, place);
  else if (shape.type === 'map') visitEntries(walk, shape, value as Record<string, unknown>, place);
}

function visitMembers(walk: Walk, shape: Shape, structure: Record<string, unknown>, place: Place): void {
  for (const [name, ref] of Object.entries(shape.members ?? {})) {
    const value = structure[name];
    const inner = memberPlace(walk, place, name, ref);
    if (value !== undefined && value !== null) visit(walk, ref, value, inner);
    else if (shape.required?.includes(name)) {
      walk.missing.push(inner.queryPath);
      report(walk, inner, shapeOf(walk.model, ref.shape), null, 'Member must not be null');
    }
  }
}

function visitElements(walk: Walk, shape: Shape, list: readonly unknown[], place: Place): void {
  const member = present(shape.member, 'a list has a member');
  const elementShape = shapeOf(walk.model, member.shape);
  const places = list.map((_, index) => elementPlace(walk, place, index, shape, member));
  const broken = brokenOnes(walk, shape, elementShape, list, places);
  if (broken) report(walk, place, shape, list, `Member must satisfy constraint: [${broken}]`);
  list.forEach((element, index) => {
    const inner = present(places[index], 'each element has its place');
    noteServicePattern(walk, elementShape, element, inner);
    visitContent(walk, elementShape, element, inner);
  });
}

function visitEntries(walk: Walk, shape: Shape, map: Record<string, unknown>, place: Place): void {
  const keyShape = shapeOf(walk.model, present(shape.key, 'a map has a key').shape);
  const value = present(shape.value, 'a map has a value');
  const valueShape = shapeOf(walk.model, value.shape);
  const entries = Object.entries(map);
  const places = entries.map(([key], index) => entryPlace(walk, place, key, index, value));
  const brokenKeys = brokenOnes(walk, shape, keyShape, Object.keys(map), places);
  if (brokenKeys) report(walk, place, shape, map, `Map keys must satisfy constraint: [${brokenKeys}]`);
  const broken = brokenOnes(walk, shape, valueShape, Object.values(map), places);
  if (broken) report(walk, place, shape, map, `Map value must satisfy constraint: [${broken}]`);
  entries.forEach(([key, entry], index) => {
    const inner = present(places[index], 'each entry has its place');
    noteServicePattern(walk, keyShape, key, inner);
    noteServicePattern(walk, valueShape, entry, inner);
    visitContent(walk, valueShape, entry, inner);
  });
}

/** All constraints on the values of a list or map, if one of the values breaks one. */
function brokenOnes(
  walk: Walk,
  holder: Shape,
  shape: Shape,
  values: readonly unknown[],
  places: readonly Place[],
): string | undefined {
  const constraints = constraintsOn(walk, shape);
  const texts = constraints.map(({ text }) => text);
  const firstNull = holder.sparse ? -1 : values.findIndex((value) => !isPresent(value));
  if (firstNull >= 0) {
    texts.push('Member must not be null');
    walk.missing.push(present(places[firstNull], 'each value has its place').queryPath);
  } else if (values.every((value) => !isPresent(value) || constraints.every(({ holds }) => holds(value)))) {
    return undefined;
  }
  return texts.join(', ');
}

const isPresent = (value: unknown): boolean => value !== undefined && value !== null;

const smallFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);
const joined = (path: string, part: string): string => (path === '' ? part : `${path}.${part}`);

function memberPlace(walk: Walk, place: Place, name: string, ref: ShapeRef): Place {
  const shape = shapeOf(walk.model, ref.shape);
  // A flattened list goes by the name of its elements: Entries are SendMessageBatchRequestEntry.1, .2 …
  const flattened = (ref.flattened ?? shape.flattened) && shape.member ? nameInQuery(shape.member, name) : undefined;
  return {
    path: walk.style === 'pointer' ? `${place.path}/${name}` : joined(place.path, smallFirst(name)),
    queryPath: joined(place.queryPath, flattened ?? nameInQuery(ref, name)),
    member: smallFirst(name),
    root: place.root ?? name,
  };
}

const nameInQuery = (ref: ShapeRef, name: string): string => ref.queryName ?? ref.locationName ?? name;

function elementPlace(walk: Walk, place: Place, index: number, list: Shape, member: ShapeRef): Place {
  const inQuery = list.flattened ? `${index + 1}` : `${nameInQuery(member, 'member')}.${index + 1}`;
  return {
    ...place,
    path: walk.style === 'pointer' ? `${place.path}/${index}` : `${place.path}.${index + 1}.member`,
    queryPath: joined(place.queryPath, inQuery),
  };
}

function entryPlace(walk: Walk, place: Place, key: string, index: number, value: ShapeRef): Place {
  return {
    ...place,
    path: walk.style === 'pointer' ? `${place.path}/${key}` : `${place.path}.${key}.member`,
    queryPath: joined(place.queryPath, `${index + 1}.${nameInQuery(value, 'value')}`),
  };
}

/** Sensitive itself, or by what it holds. */
function isSensitive(walk: Walk, start: Shape): boolean {
  if (walk.model.validation?.values === 'hidden') return true;
  const known = walk.sensitive.get(start);
  if (known !== undefined) return known;
  const reached = new Set([start]);
  for (const shape of reached) {
    for (const ref of [shape.member, shape.key, shape.value, ...Object.values(shape.members ?? {})]) {
      if (ref) reached.add(shapeOf(walk.model, ref.shape));
    }
  }
  const answer = [...reached].some((shape) => shape.sensitive);
  walk.sensitive.set(start, answer);
  return answer;
}

/** The value as Java prints it, in quotes. */
const printed = (value: unknown): string =>
  value === null ? 'null' : `'${print(value, { left: PRINTED_COLLECTION_LIMIT })}'`;

function print(value: unknown, budget: { left: number }): string {
  if (value instanceof Uint8Array) return `java.nio.HeapByteBuffer[pos=0 lim=${value.length} cap=${value.length}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const parts: string[] = [];
  for (const [key, entry] of Object.entries(value)) {
    if (budget.left <= 0) break;
    const part = print(entry, budget);
    budget.left -= part.length + key.length;
    parts.push(Array.isArray(value) ? part : `${key}=${part}`);
  }
  return Array.isArray(value) ? `[${parts.join(', ')}]` : `{${parts.join(', ')}}`;
}
