import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { staleEffects } from './effects.ts';
import { checkOperations, type OperationEvidence, testedIn } from './operations.ts';
import { parseSource } from './source.ts';
import { violationsIn } from './tidy.ts';

const SUBPATHS = {
  '#platform/*': './src/platform/*',
  '#gateway/*': './src/gateway/*',
  '#services/*': './src/services/*',
  '#cli/*': './src/cli/*',
  '#config': './src/config.ts',
  '#main': './src/main.ts',
};

type Tree = Readonly<Record<string, string>>;

const filesOf = (tree: Tree) => Object.entries(tree).map(([path, text]) => parseSource(path, text, SUBPATHS));
const found = (tree: Tree): string[] =>
  violationsIn(filesOf(tree)).map(({ path, line, rule }) => `${path}:${line} rule ${rule}`);

/** The file with this text breaks the rule in its first line; the other does not. */
function breaks(rule: number, path: string, bad: string): void {
  assert.deepEqual(found({ [path]: `${bad}\n` }), [`${path}:1 rule ${rule}`], bad);
}
const passes = (path: string, good: string): void => assert.deepEqual(found({ [path]: `${good}\n` }), [], good);

describe('rule 1: layers', () => {
  const crossings: [string, string][] = [
    ['src/platform/a.ts', "import { x } from '#gateway/b.ts';"],
    ['src/platform/a.ts', "import { x } from '../gateway/b.ts';"],
    ['src/platform/store/a.ts', "import type { X } from '../../services/x/api.ts';"],
    ['src/platform/a.ts', "export const x = () => import('../gateway/b.ts');"],
    ['src/platform/a.ts', "export type X = import('../gateway/b.ts').X;"],
    ['src/platform/a.ts', "export const w = new Worker(new URL('../gateway/b.ts', import.meta.url));"],
    ['src/platform/base/a.ts', "import { x } from '#platform/b.ts';"],
    ['src/gateway/a.ts', "import { x } from '#services/sqs/api.ts';"],
    ['src/services/sqs/a.ts', "import { x } from '../../gateway/b.ts';"],
    ['src/services/sqs/a.ts', "import { x } from '../../main.ts';"],
    ['src/services/sqs/a.ts', "import { x } from '../index.ts';"],
    ['src/gateway/a.ts', "import { x } from '#platform/store/sqlite/drivers.ts';"],
    ['src/platform/store/a.ts', "import { x } from './memory/drivers.ts';"],
    ['src/cli/a.ts', "import { x } from '#services/iam/accounts/accounts.ts';"],
    ['src/main.ts', "import { x } from '#cli/up.ts';"],
    ['src/gateway/a.ts', "import { x } from './a.fixture.ts';"],
    ['src/gateway/a.ts', "import { x } from '../../test/sdk/cloud.ts';"],
    ['src/gateway/a.ts', "import { x } from 'left-pad';"],
    ['src/gateway/a.ts', 'export const x = (name: string) => import(name);'],
    ['src/strange/a.ts', 'export const x = 1;'],
  ];
  for (const [path, text] of crossings) test(`${path}: ${text}`, () => breaks(1, path, text));

  test('what the rule allows', () => {
    passes('src/platform/a.ts', "import { x } from '#platform/base/b.ts';");
    passes('src/services/sqs/a.ts', "import { x } from '../../platform/service.ts';");
    passes('src/main.ts', "import { x } from '#platform/store/sqlite/drivers.ts';");
    passes('src/services/sqs/a.test.ts', "import { x } from '#platform/store/memory/drivers.ts';");
    passes('src/gateway/a.ts', 'export const text = \'import { x } from "#services/sqs/b.ts"\';');
    passes('src/gateway/a.ts', "// import { x } from '#services/sqs/b.ts';\nexport const x = /import '#services'/;");
    passes('bench/a.ts', "import { x } from '../src/platform/store/sqlite/drivers.ts';");
  });
});

test('rule 1: packages are loaded in one place', () => {
  const of = (path: string, text: string) =>
    violationsIn([parseSource(path, text, SUBPATHS)], new Set(['jose'])).length;
  assert.equal(of('src/services/sts/a.ts', "export const x = () => import('jose');"), 1);
  assert.equal(of('src/services/sts/a.ts', "import type { JWK } from 'jose';"), 0);
  assert.equal(of('src/platform/packages.ts', "export const x = () => import('jose');"), 0);
});

test('rule 2: of another service only types of its api.ts', () => {
  const path = 'src/services/tagging/a.ts';
  breaks(2, path, "import { x } from '#services/sqs/api.ts';");
  breaks(2, path, "import type { X } from '#services/sqs/state.ts';");
  breaks(2, path, "import { x } from '../sqs/api.ts';");
  breaks(2, path, "import { type X } from '#services/sqs/api.ts';");
  passes(path, "import type { X } from '#services/sqs/api.ts';");
  passes(path, "import type { X } from '../sqs/api.ts';");
});

test('rule 2: the registry loads a service when it is first used', () => {
  const path = 'src/services/index.ts';
  breaks(2, path, "import { sqs } from '#services/sqs/service.ts';");
  breaks(2, path, "import { type SqsDeps } from '#services/sqs/service.ts';");
  breaks(2, 'src/main.ts', "import { sqs } from '#services/sqs/service.ts';");
  passes(path, "export const sqs = () => import('#services/sqs/service.ts');");
  passes(path, "import type { SqsDeps } from '#services/sqs/service.ts';");
  passes(path, "import { IamIdentity } from '#services/iam/identity/identity.ts';");
});

describe('rule 3: what comes from outside', () => {
  const doors = [
    'export const x = Date.now();',
    'export const x = [1].map(Date.now);',
    "export const x = Date['now']();",
    'export const x = new Date();',
    'export const x = globalThis.performance.now();',
    'export const x = Math.random();',
    'export const x = crypto.randomUUID();',
    "import { randomBytes } from 'node:crypto';",
    "import * as crypto from 'node:crypto';",
    "import crypto from 'node:crypto';",
    'setTimeout(() => {}, 1);',
    'globalThis.setInterval(() => {}, 1);',
    'export const x = { later: setTimeout };',
    "import { setTimeout as sleep } from 'node:timers/promises';",
    'export const x = process.env;',
    'export const { env } = process;',
    "import { env } from 'node:process';",
    "import { spawn } from 'node:child_process';",
    "export const x = import('node:child_process');",
    "import { connect } from 'node:net';",
    "import { request } from 'node:https';",
    "export const x = fetch('http://example.com');",
  ];
  for (const text of doors) test(text, () => breaks(3, 'src/gateway/a.ts', text));

  test('what only looks like it', () => {
    passes('src/gateway/a.ts', "import { createServer, type Socket } from 'node:net';");
    passes('src/gateway/a.ts', "import type { ChildProcess } from 'node:child_process';");
    passes('src/gateway/a.ts', 'export const x = (clock: { setTimeout(): void }) => clock.setTimeout();');
    passes('src/gateway/a.ts', 'export const x = (at: number) => new Date(at);');
    passes('src/gateway/a.ts', 'export interface X { fetch(): void }');
    passes('src/gateway/a.test.ts', 'setTimeout(() => {}, 1);');
    passes('src/platform/base/clock.ts', 'setTimeout(() => {}, Date.now());');
  });

  test('an entry of the table that nothing needs', () => {
    const stale = staleEffects(filesOf({ 'src/platform/base/clock.ts': 'export const x = Date.now();\n' }));
    assert.ok(stale.some(({ message }) => message === 'src/platform/base/clock.ts does not use timers'));
    assert.ok(!stale.some(({ message }) => message === 'src/platform/base/clock.ts does not use clock'));
  });
});

test('rule 4: cycles, re-exports, empty names', () => {
  const value = "import { b } from './b.ts';\nexport const a = b;\n";
  const back = (kind: string) => `import ${kind}{ a } from '#gateway/a.ts';\nexport const b = 1;\n`;
  assert.deepEqual(found({ 'src/gateway/a.ts': value, 'src/gateway/b.ts': back('') }), ['src/gateway/a.ts:1 rule 4']);
  assert.deepEqual(found({ 'src/gateway/a.ts': value, 'src/gateway/b.ts': back('type ') }), []);
  breaks(4, 'src/gateway/a.ts', "export * from './b.ts';");
  breaks(4, 'src/gateway/a.ts', "export { x } from './b.ts';");
  breaks(4, 'src/gateway/a.ts', "export type { X } from './b.ts';");
  assert.deepEqual(found({ 'src/gateway/a.ts': "import { x } from './b.ts';\nexport { x };\n" }), [
    'src/gateway/a.ts:2 rule 4',
  ]);
  breaks(4, 'src/gateway/utils.ts', 'export const x = 1;');
  breaks(4, 'src/gateway/string-helpers.ts', 'export const x = 1;');
  breaks(4, 'src/gateway/common/a.ts', 'export const x = 1;');
  passes('src/gateway/common-errors.ts', 'const x = 1;\nexport { x };');
});

test('rule 5: files of 400 lines, functions of 70', () => {
  const lines = (count: number, text = '// …\n'): string => text.repeat(count);
  assert.deepEqual(found({ 'src/gateway/a.ts': lines(400) }), []);
  assert.deepEqual(found({ 'src/gateway/a.ts': lines(401) }), ['src/gateway/a.ts:1 rule 5']);
  const arrow = (count: number): string => `export const f = () => {\n${lines(count - 2)}};\n`;
  assert.deepEqual(found({ 'test/a.test.ts': arrow(70) }), []);
  assert.deepEqual(found({ 'test/a.test.ts': arrow(71) }), ['test/a.test.ts:1 rule 5']);
  assert.deepEqual(found({ 'test/a.test.ts': `class A {\n  f() {\n${lines(70)}  }\n}\n` }), [
    'test/a.test.ts:2 rule 5',
  ]);
});

describe('rule 6: operations', () => {
  const none = { handler: () => ({}), resource: () => '*' };
  const evidence = (
    operations: Record<string, object>,
    notImplemented: Record<string, string> = {},
  ): OperationEvidence => ({
    // What the rule reads of a declaration.
    services: [
      {
        entry: { name: 'sqs' },
        declaration: { operations, notImplemented },
        model: { metadata: { serviceId: 'SQS' }, authorization: { prefix: 'sqs' } },
      } as unknown as OperationEvidence['services'][number],
    ],
    catalogue: { has: (prefix, action) => prefix === 'sqs' && action === 'SendMessage' },
    tested: new Set(testedIn("import { SendMessageCommand } from '@aws-sdk/client-sqs';\n")),
    gaps: { sqs: 1 },
  });
  const messages = (of: OperationEvidence): string[] => checkOperations(of).map(({ message }) => message);

  test('an action that exists and a call by an SDK', () => {
    const gap = { AddPermission: 'later' };
    assert.deepEqual(messages(evidence({ SendMessage: none }, gap)), []);
    assert.deepEqual(messages(evidence({ Nonsense: none }, gap)), [
      'Nonsense: sqs:Nonsense is no IAM action: declare the one that is checked',
      'Nonsense is called by no test in test/sdk',
    ]);
    assert.deepEqual(
      messages(evidence({ SendMessage: { ...none, action: ['sqs:SendMessage', 'sqs:Nonsense'] } }, gap)),
      ['SendMessage: sqs:Nonsense is no IAM action: declare the one that is checked'],
    );
  });

  test('what is left out may only become less', () => {
    const [more] = messages(evidence({}, { A: 'later', B: 'later' }));
    assert.match(more ?? '', /^2 operations are left out; .* allows 1$/);
    assert.match(messages(evidence({}))[0] ?? '', /^only 0 operations are left out now: lower the 1/);
  });

  test('which commands a test calls', () => {
    const text = "import * as iam from '@aws-sdk/client-iam';\nnew iam.GetUserCommand({});\ncall('CreateAccount');\n";
    const calls = testedIn(text);
    assert.ok(calls.includes('@aws-sdk/client-iam GetUser'));
    assert.ok(calls.includes('quoted CreateAccount'));
    assert.ok(!testedIn("// new iam.GetUserCommand()\nexport const x = 'GetUserCommand';\n").includes('GetUser'));
  });
});
