/** Rules 4 and 5: no cycles, no re-exports, no names that say nothing; files and functions of a size that can be read. */
import { endLineOf, isNode, type Node, nodesOf, type SourceFile, type Violation } from './source.ts';

const MAX_FILE_LINES = 400;
const MAX_FUNCTION_LINES = 70;
const EMPTY_NAMES = /^(.*[-.])?(utils?|helpers?|common|shared|misc)(\.\w+)*$/;

export const structureViolations = (file: SourceFile): Violation[] => [
  ...nameViolations(file),
  ...exportViolations(file),
  ...sizeViolations(file),
];

const nameViolations = ({ path }: SourceFile): Violation[] =>
  path
    .split('/')
    .filter((part) => EMPTY_NAMES.test(part))
    .map((part) => ({ path, line: 1, rule: 4, message: `"${part}" says nothing: name what it holds` }));

function exportViolations(file: SourceFile): Violation[] {
  const body = file.program['body'] as Node[];
  const imported = new Set(
    body
      .filter(({ type }) => type === 'ImportDeclaration')
      .flatMap((node) => node['specifiers'] as Node[])
      .map(({ local }) => (isNode(local) ? local['name'] : undefined)),
  );
  return body
    .filter(({ type }) => type.startsWith('Export'))
    .flatMap((node) => {
      const line = file.lineOf(node);
      if (node.type === 'ExportAllDeclaration')
        return [{ path: file.path, line, rule: 4, message: 'export * hides where things are' }];
      const specifiers = (node['specifiers'] as Node[] | undefined) ?? [];
      const isForeign = ({ local }: Node): boolean => isNode(local) && imported.has(local['name']);
      if (!node['source'] && !specifiers.some(isForeign)) return [];
      return [{ path: file.path, line, rule: 4, message: 're-exports: import it from where it is' }];
    });
}

const FUNCTIONS = ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'];

function sizeViolations(file: SourceFile): Violation[] {
  const { path } = file;
  const found: Violation[] = [];
  if (file.lines > MAX_FILE_LINES) {
    found.push({ path, line: 1, rule: 5, message: `${file.lines} lines; at most ${MAX_FILE_LINES}` });
  }
  const groups = new Set<unknown>();
  for (const node of nodesOf(file.program)) {
    if (isGroup(node)) for (const argument of node['arguments'] as Node[]) groups.add(argument);
    if (!FUNCTIONS.includes(node.type) || groups.has(node)) continue;
    const line = file.lineOf(node);
    const lines = endLineOf(file, node) - line + 1;
    if (lines <= MAX_FUNCTION_LINES) continue;
    found.push({ path, line, rule: 5, message: `a function of ${lines} lines; at most ${MAX_FUNCTION_LINES}` });
  }
  return found;
}

/** `describe` of a test: a heading over functions rather than one. */
const isGroup = (node: Node): boolean =>
  node.type === 'CallExpression' && (node['callee'] as Node)['name'] === 'describe';

/** Types may refer to each other; what is left when the program runs may not. Each cycle is told once. */
export function cycles(files: readonly SourceFile[]): Violation[] {
  const edges = new Map(
    files.map(({ path, imports }) => [
      path,
      imports.flatMap(({ isType, target }) => (isType || target === undefined ? [] : [target])),
    ]),
  );
  const state = new Map<string, 'open' | 'done'>();
  const trail: string[] = [];
  const found: Violation[] = [];
  const visit = (path: string): void => {
    if (state.get(path) === 'open') {
      const cycle = [...trail.slice(trail.indexOf(path)), path];
      found.push({ path, line: 1, rule: 4, message: `a cycle: ${cycle.join(' -> ')}` });
    }
    if (state.has(path)) return;
    state.set(path, 'open');
    trail.push(path);
    for (const next of edges.get(path) ?? []) visit(next);
    trail.pop();
    state.set(path, 'done');
  };
  for (const path of edges.keys()) visit(path);
  return found;
}
