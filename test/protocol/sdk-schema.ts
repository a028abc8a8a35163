/**
 * The schemas that AWS SDKs for JavaScript carry (arrays of numbers and names), read into a form that can be compared
 * with our models. Their layout is that of `@smithy/core/schema`: `[kind, namespace, name, traits, ...]`.
 */
export interface SdkMember {
  readonly type: SdkType;
  readonly traits: Traits;
}
export type SdkType =
  | { readonly kind: 'list'; readonly member: SdkMember }
  | { readonly kind: 'map'; readonly key: SdkMember; readonly value: SdkMember }
  | { readonly kind: 'structure'; readonly name: string; readonly structure: SdkStructure }
  | { readonly kind: 'string' | 'number' | 'boolean' | 'blob' | 'timestamp' | 'document' };

export interface SdkStructure {
  readonly name: string;
  readonly traits: Traits;
  readonly members: ReadonlyMap<string, () => SdkMember>;
  /** Required members come first. */
  readonly requiredCount: number;
}

export interface SdkService {
  readonly operations: ReadonlyMap<
    string,
    { readonly input: SdkStructure | undefined; readonly output: SdkStructure | undefined }
  >;
  readonly errors: ReadonlyMap<string, SdkStructure>;
}

interface Traits {
  readonly xmlName?: string;
  readonly xmlFlattened?: number;
  readonly awsQueryError?: readonly [code: string, status: number];
  readonly httpError?: number;
}

const [SIMPLE, LIST, MAP, STRUCTURE, UNION, ERROR, OPERATION] = [0, 1, 2, 3, 4, -3, 9];
const LIST_OF = 64;
const MAP_OF = 128;

const SIMPLE_KINDS: Readonly<Record<number, 'string' | 'number' | 'boolean' | 'blob' | 'timestamp' | 'document'>> = {
  0: 'string',
  1: 'number',
  2: 'boolean',
  4: 'timestamp',
  5: 'timestamp',
  6: 'timestamp',
  7: 'timestamp',
  15: 'document',
  17: 'number',
  19: 'number',
  21: 'blob',
  42: 'blob',
};

/** From all that the client's package exports. */
export function sdkService(exported: object): SdkService {
  const operations = new Map<string, { input: SdkStructure | undefined; output: SdkStructure | undefined }>();
  const errors = new Map<string, SdkStructure>();
  for (const schema of Object.values(exported)) {
    if (!Array.isArray(schema)) continue;
    const [kind, , name] = schema as [number, string, string];
    if (kind === OPERATION)
      operations.set(name, { input: structureOrUnit(schema[4]), output: structureOrUnit(schema[5]) });
    // The service's own base class of errors is none of the model's.
    if (kind === ERROR && !/^smithy\.ts\.sdk/.test(String(schema[1]))) errors.set(name, structure(schema));
  }
  return { operations, errors };
}

const unwrapped = (schema: unknown): unknown => (typeof schema === 'function' ? unwrapped(schema()) : schema);

function structureOrUnit(schema: unknown): SdkStructure | undefined {
  const target = unwrapped(schema);
  return Array.isArray(target) ? structure(target) : undefined;
}

function structure(schema: readonly unknown[]): SdkStructure {
  const [, , name, traits, names, members, requiredCount] = schema;
  const entries = (names as string[]).map((member, i): [string, () => SdkMember] => [
    member,
    () => sdkMember((members as unknown[])[i]),
  ]);
  return {
    name: name as string,
    traits: (traits || {}) as Traits,
    members: new Map(entries),
    requiredCount: (requiredCount as number | undefined) ?? 0,
  };
}

/** A schema, or a pair of one and the traits of the place where it stands. */
function sdkMember(schema: unknown): SdkMember {
  const target = unwrapped(schema);
  const isPair = Array.isArray(target) && target.length === 2;
  if (!isPair) return { type: sdkType(target), traits: {} };
  const [inner, traits] = target;
  return { type: sdkType(unwrapped(inner)), traits: typeof traits === 'object' ? traits : {} };
}

function sdkType(schema: unknown): SdkType {
  if (typeof schema === 'number') return codedType(schema);
  if (!Array.isArray(schema)) throw new Error(`what is schema ${String(schema)}?`);
  const [kind, , name] = schema as [number, string, string];
  if (kind === SIMPLE) return sdkType(schema[4]);
  if (kind === LIST) return { kind: 'list', member: sdkMember(schema[4]) };
  if (kind === MAP) return { kind: 'map', key: sdkMember(schema[4]), value: sdkMember(schema[5]) };
  if (kind === STRUCTURE || kind === UNION || kind === ERROR)
    return { kind: 'structure', name, structure: structure(schema) };
  throw new Error(`what is a schema of kind ${kind}?`);
}

function codedType(code: number): SdkType {
  const traits = {};
  if (code >= MAP_OF)
    return {
      kind: 'map',
      key: { type: { kind: 'string' }, traits },
      value: { type: codedType(code - MAP_OF), traits },
    };
  if (code >= LIST_OF) return { kind: 'list', member: { type: codedType(code - LIST_OF), traits } };
  const kind = SIMPLE_KINDS[code];
  if (!kind) throw new Error(`what is schema ${code}?`);
  return { kind };
}
