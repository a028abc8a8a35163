/**
 * Rule 3: what comes from outside the program (time, chance, environment, processes, other machines) comes in by named
 * files, so that tests can put something else in its place and a reader knows all the doors.
 */
import { EFFECTS_ALLOWED } from './effects-allowed.ts';
import { isTest } from './layers.ts';
import { childrenOf, type Import, isNode, type Node, type SourceFile, type Violation } from './source.ts';

export type Effect = 'clock' | 'randomness' | 'timers' | 'environment' | 'processes' | 'outward';

/** `object.property`, wherever it stands. */
const MEMBERS: Readonly<Record<string, Effect>> = {
  'Date.now': 'clock',
  'performance.now': 'clock',
  'performance.timeOrigin': 'clock',
  'process.hrtime': 'clock',
  'process.uptime': 'clock',
  'Math.random': 'randomness',
  'crypto.randomUUID': 'randomness',
  'crypto.getRandomValues': 'randomness',
  'AbortSignal.timeout': 'timers',
  'process.env': 'environment',
  'process.getBuiltinModule': 'processes',
};

const GLOBALS: Readonly<Record<string, Effect>> = {
  setTimeout: 'timers',
  setInterval: 'timers',
  fetch: 'outward',
  WebSocket: 'outward',
  EventSource: 'outward',
};

/** Names of Node's modules; `*` stands for all. A whole-module import takes all of them. */
const MODULES: Readonly<Record<string, { readonly effect: Effect; readonly names: readonly string[] }>> = {
  'node:crypto': {
    effect: 'randomness',
    names: ['randomBytes', 'randomUUID', 'randomInt', 'randomFill', 'randomFillSync', 'getRandomValues', 'webcrypto'],
  },
  'node:timers': { effect: 'timers', names: ['*'] },
  'node:timers/promises': { effect: 'timers', names: ['*'] },
  'node:perf_hooks': { effect: 'clock', names: ['performance'] },
  'node:process': { effect: 'environment', names: ['*'] },
  'node:child_process': { effect: 'processes', names: ['*'] },
  'node:module': { effect: 'processes', names: ['createRequire'] },
  'node:cluster': { effect: 'processes', names: ['*'] },
  'node:http': { effect: 'outward', names: ['request', 'get', 'Agent', 'globalAgent', 'ClientRequest'] },
  'node:https': { effect: 'outward', names: ['request', 'get', 'Agent', 'globalAgent'] },
  'node:http2': { effect: 'outward', names: ['connect'] },
  'node:net': { effect: 'outward', names: ['connect', 'createConnection', 'Socket'] },
  'node:tls': { effect: 'outward', names: ['connect', 'TLSSocket'] },
  'node:dgram': { effect: 'outward', names: ['*'] },
  'node:dns': { effect: 'outward', names: ['*'] },
  'node:dns/promises': { effect: 'outward', names: ['*'] },
};

interface Found {
  readonly effect: Effect;
  readonly line: number;
  readonly what: string;
}

export function effectViolations(file: SourceFile): Violation[] {
  if (isTest(file.path)) return [];
  const allowed = EFFECTS_ALLOWED[file.path]?.effects ?? [];
  return effectsOf(file)
    .filter(({ effect }) => !allowed.includes(effect))
    .map(({ effect, line, what }) => {
      const message = `${what}: ${effect} is not among what tools/tidy/effects-allowed.ts lets this file reach`;
      return { path: file.path, line, rule: 3, message };
    });
}

/** Entries of the table that nothing needs any more. */
export function staleEffects(files: readonly SourceFile[]): Violation[] {
  const used = new Map(files.map((file) => [file.path, new Set(effectsOf(file).map(({ effect }) => effect))]));
  return Object.entries(EFFECTS_ALLOWED).flatMap(([path, { effects }]) =>
    effects
      .filter((effect) => !used.get(path)?.has(effect))
      .map((effect): Violation => {
        const message = `${path} does not use ${effect}`;
        return { path: 'tools/tidy/effects-allowed.ts', line: 1, rule: 3, message };
      }),
  );
}

const effectsOf = (file: SourceFile): Found[] => [
  ...file.imports.flatMap(importEffect),
  ...walk(file.program, undefined, file),
];

function importEffect({ specifier, names, isType, line }: Import): Found[] {
  const entry = Object.hasOwn(MODULES, specifier) ? MODULES[specifier] : undefined;
  if (entry === undefined || isType) return [];
  const taken = names.filter((name) => name === '*' || entry.names.includes('*') || entry.names.includes(name));
  return taken.map((name) => ({ effect: entry.effect, line, what: `${specifier} ${name}` }));
}

function walk(node: Node, parent: Node | undefined, file: SourceFile): Found[] {
  const here = effectOf(node, parent);
  const below = childrenOf(node).flatMap((child) => walk(child, node, file));
  return here === undefined ? below : [{ ...here, line: file.lineOf(node) }, ...below];
}

function effectOf(node: Node, parent: Node | undefined): Omit<Found, 'line'> | undefined {
  const known = (table: Readonly<Record<string, Effect>>, what: string): Omit<Found, 'line'> | undefined => {
    const effect = Object.hasOwn(table, what) ? table[what] : undefined;
    return effect && { effect, what };
  };
  if (node.type === 'MemberExpression') return known(MEMBERS, `${nameOf(node['object'])}.${propertyOf(node)}`);
  if (node.type === 'NewExpression' || node.type === 'CallExpression') {
    const isNow = nameOf(node['callee']) === 'Date' && (node['arguments'] as Node[]).length === 0;
    return isNow ? { effect: 'clock', what: 'new Date()' } : undefined;
  }
  if (node.type === 'VariableDeclarator') return destructured(node);
  return node.type === 'Identifier' && isReference(node, parent) ? known(GLOBALS, String(node['name'])) : undefined;
}

/** `const { env } = process`. */
function destructured({ id, init }: Node): Omit<Found, 'line'> | undefined {
  if (!isNode(id) || id.type !== 'ObjectPattern') return undefined;
  for (const { key } of id['properties'] as Node[]) {
    const what = `${nameOf(init)}.${nameOf(key)}`;
    const effect = Object.hasOwn(MEMBERS, what) ? MEMBERS[what] : undefined;
    if (effect !== undefined) return { effect, what };
  }
  return undefined;
}

/** `x`, and the `x` of `globalThis.x`. */
function nameOf(node: unknown): string {
  if (!isNode(node)) return '';
  if (node.type === 'Identifier') return String(node['name']);
  return node.type === 'MemberExpression' && nameOf(node['object']) === 'globalThis' ? propertyOf(node) : '';
}

function propertyOf(node: Node): string {
  const property = node['property'] as Node;
  return String((node['computed'] ? property['value'] : property['name']) ?? '');
}

const isKey = (parent: Node, node: Node): boolean =>
  (parent['key'] === node && parent['computed'] !== true && parent['shorthand'] !== true) ||
  (parent.type === 'MemberExpression' &&
    parent['property'] === node &&
    !parent['computed'] &&
    nameOf(parent['object']) !== 'globalThis');

/** Not a property's name, an import's, a type's or a declaration's. */
function isReference(node: Node, parent: Node | undefined): boolean {
  if (parent === undefined || isKey(parent, node)) return false;
  return !/^(TS|Import|Export)|Specifier$|^(FunctionDeclaration|LabeledStatement)$/.test(parent.type);
}
