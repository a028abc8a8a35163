/**
 * Finds the operation of a REST request: AWS's URI templates (`/2013-04-01/hostedzone/{Id}`, `/{Bucket}/{Key+}?acl`), put into
 * a tree by path segment once per service. A literal segment beats a label, a label beats a greedy one; among templates of
 * one path, the one with most matching query literals wins, then the one whose required query parameters and headers are there
 * (S3's PutObject, UploadPart and CopyObject differ in nothing else).
 */
import type { Headers } from '#gateway/wire/protocol.ts';
import { getOrInsert } from '#platform/base/get-or-insert.ts';
import type { ServiceModel } from '#platform/model/schema.ts';

export interface TemplateMatch {
  readonly operation: string;
  /** Decoded values of the labels. */
  readonly parameters: Readonly<Record<string, string>>;
}

export type TemplateRouter = (request: TemplateRequest) => TemplateMatch | undefined;

export interface TemplateRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Headers;
}

interface Candidate {
  readonly operation: string;
  readonly labels: readonly string[];
  /** `acl` or `x-id=GetObject`. */
  readonly literals: readonly string[];
  readonly required: Required;
  /** Asked for each request: the service may load meanwhile. */
  readonly isOwn: () => boolean;
}

interface Required {
  readonly parameters: readonly string[];
  readonly headers: readonly string[];
}

interface Node {
  readonly literal: Map<string, Node>;
  label: Node | undefined;
  greedy: Node | undefined;
  /** By method. */
  readonly candidates: Map<string, Candidates>;
}

interface Candidates {
  readonly all: Candidate[];
  /** Those that a request without a query may mean. */
  readonly plain: Candidate[];
}

const newNode = (): Node => ({ literal: new Map(), label: undefined, greedy: undefined, candidates: new Map() });

/** Of operations of one form (S3's ListBuckets and ListDirectoryBuckets) the service's own are meant. */
export function templateRouter(
  model: ServiceModel,
  isOwn: (operation: string) => boolean = () => true,
): TemplateRouter {
  const root = newNode();
  for (const [operation, { http, input }] of Object.entries(model.operations)) {
    if (http === undefined) continue;
    add(root, http, { operation, required: requiredOf(model, input?.shape), isOwn: () => isOwn(operation) });
  }
  return ({ method, path, query, headers }) => {
    const segments = splitPath(path);
    const parts = query === '' ? [] : query.split('&').map((part) => decode(part) ?? part);
    const asked = { method, parts, headers };
    // A trailing slash belongs to a greedy label that ends the path (`folder/` is an S3 key), and to nothing else.
    const tail = path.endsWith('/') ? '/' : '';
    return walk(root, { segments, tail }, 0, [], (node, values) => choose(node, values, asked));
  };
}

function requiredOf(model: ServiceModel, input: string | undefined): Required {
  const shape = input === undefined ? undefined : model.shapes[input];
  const bound = (location: string): string[] =>
    (shape?.required ?? [])
      .filter((name) => shape?.members?.[name]?.location === location)
      .map((name) => shape?.members?.[name]?.locationName ?? name);
  return { parameters: bound('querystring'), headers: bound('header').map((name) => name.toLowerCase()) };
}

function add(
  root: Node,
  { method, requestUri }: { readonly method: string; readonly requestUri: string },
  asked: Pick<Candidate, 'operation' | 'required' | 'isOwn'>,
): void {
  const [path = '', query = ''] = requestUri.split('?', 2);
  const labels: string[] = [];
  let node = root;
  for (const segment of splitPath(path)) {
    const label = /^\{([^}+]+)(\+?)\}$/.exec(segment);
    if (label?.[1] === undefined) {
      const next = node.literal.get(segment) ?? newNode();
      node.literal.set(segment, next);
      node = next;
      continue;
    }
    labels.push(label[1]);
    if (label[2] === '+') node = node.greedy ??= newNode();
    else node = node.label ??= newNode();
  }
  const candidate = { ...asked, labels, literals: query === '' ? [] : query.split('&') };
  const { all, plain } = getOrInsert(node.candidates, method, (): Candidates => ({ all: [], plain: [] }));
  all.push(candidate);
  if (candidate.literals.length === 0) plain.push(candidate);
}

/** A trailing slash is no segment of its own, except inside of greedy labels. */
function splitPath(path: string): string[] {
  const segments = path.split('/');
  segments.shift();
  if (segments.length > 0 && segments.at(-1) === '') segments.pop();
  return segments;
}

type Accept = (node: Node, values: readonly string[]) => TemplateMatch | undefined;

interface Path {
  readonly segments: readonly string[];
  readonly tail: string;
}

function walk(node: Node, path: Path, at: number, values: string[], accept: Accept): TemplateMatch | undefined {
  const { segments, tail } = path;
  if (at === segments.length) return accept(node, values);
  const segment = segments[at] ?? '';
  const literal = node.literal.get(segment);
  const found = literal && walk(literal, path, at + 1, values, accept);
  if (found !== undefined) return found;
  if (node.label !== undefined && segment !== '') {
    const labelled = walk(node.label, path, at + 1, [...values, segment], accept);
    if (labelled !== undefined) return labelled;
  }
  const { greedy } = node;
  if (greedy === undefined) return undefined;
  // The greedy label takes all segments but those that literals after it need (`/{name+}/policy`).
  const after = greedy.literal.size === 0 ? at : segments.length - 1;
  for (let end = after; end > at; end--) {
    const rest = walk(greedy, path, end, [...values, segments.slice(at, end).join('/')], accept);
    if (rest !== undefined) return rest;
  }
  return walk(greedy, path, segments.length, [...values, segments.slice(at).join('/') + tail], accept);
}

interface Asked {
  readonly method: string;
  /** Of the query, decoded. */
  readonly parts: readonly string[];
  readonly headers: Headers;
}

function choose(node: Node, values: readonly string[], asked: Asked): TemplateMatch | undefined {
  const ofMethod = node.candidates.get(asked.method);
  if (ofMethod === undefined) return undefined;
  let best: Candidate | undefined;
  let most = -1;
  for (const candidate of asked.parts.length === 0 ? ofMethod.plain : ofMethod.all) {
    if (!candidate.literals.every((literal) => asked.parts.some((part) => matchesLiteral(part, literal)))) continue;
    const fit = 2 * (candidate.literals.length * MANY + fitOf(candidate.required, asked)) + Number(candidate.isOwn());
    if (fit > most) [best, most] = [candidate, fit];
  }
  if (best === undefined) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, label] of best.labels.entries()) {
    const value = decode(values[index] ?? '');
    if (value === undefined) return undefined;
    parameters[label] = value;
  }
  return { operation: best.operation, parameters };
}

/** More than an operation has required members. */
const MANY = 100;

/** 0: something required is missing. It may still be the only operation there is, and the validator then says what is missing. */
function fitOf({ parameters, headers }: Required, asked: Asked): number {
  const isThere = (name: string): boolean => asked.parts.some((part) => part === name || part.startsWith(`${name}=`));
  const isFit = parameters.every(isThere) && headers.every((name) => asked.headers[name] !== undefined);
  return isFit ? 1 + parameters.length + headers.length : 0;
}

/** `acl` is there as `acl` or `acl=`. */
const matchesLiteral = (part: string, literal: string): boolean =>
  part === literal || (!literal.includes('=') && part.startsWith(`${literal}=`) && part.length === literal.length + 1);

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
