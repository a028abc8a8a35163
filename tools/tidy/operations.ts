/**
 * Rule 6: every handled operation names an IAM action that exists and is called by an SDK in a test. What is not implemented has
 * its reason in the declaration; how many of these there are stands in not-implemented.json and may only fall.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ActionCatalogue, actionCatalogue } from '#platform/model/actions.ts';
import type { OperationDeclaration, ServiceDeclaration, ServiceEntry } from '#platform/service.ts';
import { type DeclaredService, declaredServices } from '../documents/services.ts';
import { literalText, type Node, nodesOf, parseSource, type Violation } from './source.ts';

export interface OperationEvidence {
  readonly services: readonly {
    readonly entry: Pick<ServiceEntry, 'name'>;
    readonly declaration: Pick<ServiceDeclaration, 'operations' | 'notImplemented'>;
    readonly model: DeclaredService['model'];
  }[];
  readonly catalogue: Pick<ActionCatalogue, 'has'>;
  /** `@aws-sdk/client-sqs SendMessage`: what tests import; for a service without an SDK the quoted names in them. */
  readonly tested: ReadonlySet<string>;
  /** Service -> how many operations may be left out. */
  readonly gaps: Readonly<Record<string, number>>;
}

/** Ours; and one that AWS publishes no package of for JavaScript: tests name its operations in quotes. */
const WITHOUT_SDK = new Set(['makonis', 'signin']);
const GAPS = 'tools/tidy/not-implemented.json';

export async function operationViolations(root: string): Promise<Violation[]> {
  const services = await declaredServices();
  const tested = new Set(
    globSync('test/{sdk,cli}/*.test.ts', { cwd: root }).flatMap((path) =>
      testedIn(readFileSync(join(root, path), 'utf8')),
    ),
  );
  // Our own file.
  const gaps = JSON.parse(readFileSync(join(root, GAPS), 'utf8')) as Record<string, number>;
  return checkOperations({ services, catalogue: actionCatalogue(), tested, gaps });
}

/** `SendMessageCommand` of an SDK's client, imported by name or used as `sqs.SendMessageCommand`. */
export function testedIn(text: string): string[] {
  const file = parseSource('test.ts', text, {});
  const spaces = new Map<unknown, string>();
  const found: string[] = [];
  const add = (specifier: string, name: unknown): void => {
    const operation = /^(.+)Command$/.exec(String(name))?.[1];
    if (operation !== undefined) found.push(`${specifier} ${operation}`);
  };
  for (const { specifier, names } of file.imports) for (const name of names) add(specifier, name);
  for (const node of nodesOf(file.program)) {
    if (node.type === 'ImportDeclaration') {
      for (const { type, local } of node['specifiers'] as Node[]) {
        if (type === 'ImportNamespaceSpecifier') spaces.set((local as Node)['name'], literalText(node['source']) ?? '');
      }
    }
    const specifier = node.type === 'MemberExpression' && spaces.get((node['object'] as Node)['name']);
    if (specifier) add(specifier, (node['property'] as Node)['name']);
    if (/^[A-Z]\w+$/.test(literalText(node) ?? '')) found.push(`quoted ${literalText(node)}`);
  }
  return found;
}

export function checkOperations({ services, catalogue, tested, gaps }: OperationEvidence): Violation[] {
  return services.flatMap(({ entry: { name }, declaration, model }) => {
    const { operations, notImplemented } = declaration;
    const found: string[] = [];
    for (const [operation, declared] of Object.entries(operations)) {
      const problem = actionProblem(declared, `${model.authorization?.prefix ?? name}:${operation}`, catalogue);
      // Our own service is in no reference of AWS's.
      if (problem !== undefined && name !== 'makonis') found.push(`${operation}: ${problem}`);
      const client = WITHOUT_SDK.has(name) ? 'quoted' : sdkOf(model.metadata.serviceId);
      if (!tested.has(`${client} ${operation}`)) found.push(`${operation} is called by no test in test/sdk`);
    }
    const [left, allowed = 0] = [Object.keys(notImplemented).length, gaps[name]];
    if (left > allowed) found.push(`${left} operations are left out; ${GAPS} allows ${allowed}`);
    if (left < allowed) found.push(`only ${left} operations are left out now: lower the ${allowed} in ${GAPS}`);
    return found.map((message) => ({ path: `src/services/${name}/service.ts`, line: 1, rule: 6, message }));
  });
}

/** `Service Quotas` -> `@aws-sdk/client-service-quotas`. */
const sdkOf = (serviceId: string): string => `@aws-sdk/client-${serviceId.toLowerCase().replaceAll(' ', '-')}`;

function actionProblem(
  { action, always }: OperationDeclaration,
  byDefault: string,
  catalogue: Pick<ActionCatalogue, 'has'>,
): string | undefined {
  // A function's actions are known per input: its tests show them.
  if (always || typeof action === 'function') return undefined;
  const actions = action === undefined ? [byDefault] : [action].flat();
  const unknown = actions.find((each) => {
    const [prefix = '', verb = ''] = each.split(':');
    return !catalogue.has(prefix, verb);
  });
  return unknown && `${unknown} is no IAM action: declare the one that is checked`;
}
