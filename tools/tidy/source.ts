/**
 * A tree of source files as the rules see it: every import with the file it leads to (so that a relative path is the same as
 * `#platform/…`), and every syntax node. Parsed by oxc, the parser that knip stands on; `import type` is seen too.
 */
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { parseSync, visitorKeys } from 'oxc-parser';

/** A node of the syntax tree, in ESTree's words. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

export interface Import {
  readonly specifier: string;
  /** `import type …`, or an `import('…')` in a type: nothing is left of it when the program runs. */
  readonly isType: boolean;
  /** `import('…')`: loaded when that is reached. */
  readonly isLazy: boolean;
  /** The names taken; `*` for all of them, also for a default import. */
  readonly names: readonly string[];
  readonly line: number;
  /** Where it leads, from the root of the tree: `src/main.ts`. Undefined for Node's modules and packages. */
  readonly target: string | undefined;
}

export interface SourceFile {
  /** From the root of the tree, with slashes. */
  readonly path: string;
  readonly lines: number;
  readonly program: Node;
  readonly imports: readonly Import[];
  lineOf(node: Node): number;
}

export interface Violation {
  readonly path: string;
  readonly line: number;
  /** Number of the rule in ARCHITECTURE.md. */
  readonly rule: 1 | 2 | 3 | 4 | 5 | 6;
  readonly message: string;
}

/** The tree's `imports` of package.json: `#platform/*` -> `./src/platform/*`. */
export type SubpathImports = Readonly<Record<string, string>>;

export function parseSource(path: string, text: string, subpaths: SubpathImports): SourceFile {
  const { program, errors } = parseSync(path, text);
  const [problem] = errors;
  if (problem !== undefined) throw new Error(`${path}: ${problem.message}`);
  const starts = lineStarts(text);
  const lineOf = (node: Node): number => lineAt(starts, node.start);
  // The parser's typed tree, read generically.
  const root = program as unknown as Node;
  const imports = [...nodesOf(root)].flatMap((node) => importOf(node, path, subpaths, lineOf(node)));
  return { path, lines: text.split('\n').length - 1, program: root, imports, lineOf };
}

export const readSource = (root: string, path: string, subpaths: SubpathImports): SourceFile =>
  parseSource(path, readFileSync(posix.join(root, path), 'utf8'), subpaths);

/** The node and all below it, parents first. */
export function* nodesOf(node: Node): Generator<Node> {
  yield node;
  for (const child of childrenOf(node)) yield* nodesOf(child);
}

export const childrenOf = (node: Node): Node[] =>
  (visitorKeys[node.type] ?? []).flatMap((key) => node[key]).filter((child): child is Node => isNode(child));

export const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'type' in value;

/** The text of a string literal, or of a template without substitutions. */
export function literalText(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === 'Literal' && typeof node['value'] === 'string') return node['value'];
  if (node.type !== 'TemplateLiteral' || (node['expressions'] as Node[]).length > 0) return undefined;
  const [quasi] = node['quasis'] as { value: { cooked: string } }[];
  return quasi?.value.cooked;
}

function importOf(node: Node, path: string, subpaths: SubpathImports, line: number): Import[] {
  const made = (source: unknown, isType: boolean, names: readonly string[]): Import[] => {
    const specifier = literalText(source) ?? '';
    const isLazy = node.type === 'ImportExpression';
    return [{ specifier, isType, isLazy, names, line, target: targetOf(specifier, path, subpaths) }];
  };
  switch (node.type) {
    case 'ImportDeclaration':
      return made(node['source'], node['importKind'] === 'type', namesOf(node['specifiers'] as Node[]));
    case 'ExportAllDeclaration':
      return made(node['source'], node['exportKind'] === 'type', ['*']);
    case 'ExportNamedDeclaration':
      return node['source'] ? made(node['source'], node['exportKind'] === 'type', ['*']) : [];
    case 'ImportExpression':
      return made(node['source'], false, ['*']);
    case 'TSImportType':
      return made(node['source'] ?? node['argument'], true, ['*']);
    case 'NewExpression':
      return urlOf(node).flatMap((source) => made(source, false, ['*']));
    default:
      return [];
  }
}

/** Without those that are types. */
const namesOf = (specifiers: readonly Node[]): string[] =>
  specifiers
    .filter(({ importKind }) => importKind !== 'type')
    .map(({ type, imported }) => {
      if (type !== 'ImportSpecifier' || !isNode(imported)) return '*';
      return String(imported['name'] ?? imported['value']);
    });

/** `new URL('committer.ts', import.meta.url)`: how a worker's code is named. */
function urlOf(node: Node): Node[] {
  const callee = node['callee'] as Node;
  const [first, second] = node['arguments'] as Node[];
  const isUrl = callee.type === 'Identifier' && callee['name'] === 'URL' && second?.type === 'MemberExpression';
  return isUrl && first !== undefined && /\.[cm]?[jt]s$/.test(literalText(first) ?? '')
    ? [{ ...first, type: 'Literal', value: relative(literalText(first) ?? '') }]
    : [];
}

const relative = (text: string): string => (/^\.{0,2}\//.test(text) ? text : `./${text}`);

function targetOf(specifier: string, from: string, subpaths: SubpathImports): string | undefined {
  if (/^\.{1,2}\//.test(specifier)) return posix.join(posix.dirname(from), specifier);
  for (const [pattern, place] of Object.entries(subpaths)) {
    if (pattern === specifier) return posix.normalize(place);
    const prefix = pattern.slice(0, -1);
    if (pattern.endsWith('*') && specifier.startsWith(prefix)) {
      return posix.normalize(place.replace('*', specifier.slice(prefix.length)));
    }
  }
  return undefined;
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

function lineAt(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle;
  }
  return low + 1;
}

export function endLineOf(file: SourceFile, node: Node): number {
  return file.lineOf({ ...node, start: node.end - 1 });
}
