/**
 * Nothing that opens anything stands in an audit record: over every operation of every service, with all members of its input and its
 * output filled. What is secret, three parties say: AWS's models (sensitive), our declarations, and the names below, so that neither of
 * the first two can forget one. A refused input may be anything, and its refusal's words are in the record as well.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { ServiceModel } from '#platform/model/schema.ts';
import type { RegisteredOperation } from '#platform/registry.ts';
import type { Input } from '#platform/service.ts';
import { cloud } from '#test/sdk/cloud.ts';

/** Members by these names hold something secret wherever they are texts or bytes. */
const SECRET_NAME =
  /^(?:.*Password|.*SecretAccessKey|SessionToken|SecurityToken|TokenCode|MfaCode|AuthenticationCode[12]|.*Plaintext|Base32StringSeed|QRCodePNG|PrivateKey|AddPrivateKey|KeyMaterial|EncryptedKeyMaterial|ImportToken|GrantTokens?|UserData|.*CustomerKey|MessageBody|WebIdentityToken|SAMLAssertion|ContextAssertion|TradeInToken|codeVerifier|code|refreshToken|dpop|idToken|ServicePassword|ServiceCredentialSecret|PresignedUrl|SharedSecret)$/;

interface Filled {
  readonly value: unknown;
  /** Texts of it that must not be written down, and those that may. */
  readonly secrets: readonly string[];
  readonly open: readonly string[];
}

const DEPTH = 7;

/** Every member has a value; texts say where they stand. `length` makes each of them too long for anything. */
function fill(model: ServiceModel, root: string, declared: readonly string[] = [], length = 0): Filled {
  const secrets: string[] = [];
  const open: string[] = [];
  const text = (path: string, isSecret: boolean): string => {
    const made = `<${isSecret ? 'secret' : 'open'} ${path}>`.padEnd(length, '!');
    (isSecret ? secrets : open).push(made);
    return made;
  };
  const build = (name: string, path: string, isSecret: boolean, depth: number): unknown => {
    const shape = model.shapes[name];
    if (shape === undefined || depth > DEPTH) return undefined;
    const hides = isSecret || shape.sensitive === true;
    const inner = (ref: { readonly shape: string }, step: string, isOne: boolean): unknown =>
      build(ref.shape, `${path}${step}`, hides || isOne, depth + 1);
    if (shape.type === 'structure') {
      const members = Object.entries(shape.members ?? {}).map(([key, ref]) => {
        return [key, inner(ref, `.${key}`, declared.includes(key) || SECRET_NAME.test(key))];
      });
      return Object.fromEntries(members);
    }
    if (shape.type === 'list' && shape.member) return [inner(shape.member, '[]', false)];
    if (shape.type === 'map' && shape.value) return { key: inner(shape.value, '{}', false) };
    if (shape.type === 'blob') return Buffer.from(text(path, true));
    return shape.type === 'string' ? text(path, hides) : 1;
  };
  return { value: build(root, '', false, 0), secrets, open };
}

interface Case {
  readonly operation: RegisteredOperation;
  readonly model: ServiceModel;
  readonly name: string;
}

async function allOperations(t: TestContext): Promise<Case[]> {
  const { registry } = (await cloud(t)).running.cloud;
  await registry.loadAll();
  const cases = registry.services.flatMap((service) =>
    Object.keys(service.declaration.operations).flatMap((name) => {
      const operation = service.operation(name);
      return operation === undefined ? [] : { operation, model: service.model, name: `${service.name} ${name}` };
    }),
  );
  assert.ok(cases.length > 600, `${cases.length} operations`);
  return cases;
}

const shown = (text: string, { secrets }: Filled): string[] => secrets.filter((secret) => holds(text, secret));

/** As text, or as bytes in one of the ways in which bytes are written. */
const holds = (text: string, secret: string): boolean =>
  [secret, ...(['base64', 'base64url', 'hex'] as const).map((form) => Buffer.from(secret).toString(form))].some(
    (written) => text.includes(written),
  );

test('no record of any operation shows a secret of its input or its output, and records do show the rest', async (t) => {
  const leaks: string[] = [];
  let secrets = 0;
  let open = 0;
  for (const { operation, model, name } of await allOperations(t)) {
    const { declaration } = operation;
    const sides = [
      { shape: operation.model.input?.shape, write: operation.redactInput },
      // Answers to reads are in no record.
      { shape: operation.isReadOnly ? undefined : operation.model.output?.shape, write: operation.redactOutput },
    ];
    for (const { shape, write } of sides) {
      if (shape === undefined) continue;
      const filled = fill(model, shape, declaration.secret);
      const text = write(filled.value as Input);
      leaks.push(...shown(text, filled).map((secret) => `${name}: ${secret}`));
      secrets += filled.secrets.length;
      open += filled.open.filter((each) => text.includes(each)).length;
    }
  }
  assert.deepEqual(leaks, []);
  assert.ok(secrets > 300 && open > 3000, `${secrets} secrets, ${open} other texts`);
});

test('nor do the words in which an input is refused', async (t) => {
  const leaks: string[] = [];
  let refused = 0;
  for (const { operation, model, name } of await allOperations(t)) {
    const shape = operation.model.input?.shape;
    if (shape === undefined) continue;
    const filled = fill(model, shape, operation.declaration.secret, 150_000);
    try {
      operation.validate(filled.value as Input);
    } catch (error) {
      refused++;
      const words = operation.redactMessage((error as Error).message, filled.value as Input);
      leaks.push(...shown(words, filled).map((secret) => `${name}: ${secret.slice(0, 100)}`));
    }
  }
  assert.deepEqual(leaks, []);
  assert.ok(refused > 400, `${refused} refused`);
});

/** Where a value stands in another. */
type Path = readonly (string | number)[];

const pathsOf = (value: unknown, path: Path = []): Path[] =>
  typeof value !== 'object' || value === null || value instanceof Uint8Array
    ? []
    : [path, ...Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...path, key]))];

function replaced(value: unknown, [first, ...rest]: Path, by: unknown): unknown {
  if (first === undefined) return by;
  if (Array.isArray(value))
    return value.map((inner, index) => (String(index) === String(first) ? replaced(inner, rest, by) : inner));
  const record = value as Record<string, unknown>;
  return { ...record, [first]: replaced(record[first], rest, by) };
}

test('a secret that stands where a structure, a list or a map belongs is hidden, and so is all else that has not its form', async (t) => {
  const cases = await allOperations(t);
  const odd = (secret: string) =>
    fc.constantFrom<unknown>(
      secret,
      [secret],
      { Stranger: secret },
      { secret: [secret] },
      [[secret]],
      Buffer.from(secret),
    );
  const secret = 'hunter2 hunter2';
  fc.assert(
    fc.property(fc.nat(), fc.nat(), odd(secret), (which, where, value) => {
      const { operation, model, name } = cases[which % cases.length] as Case;
      const shape = operation.model.input?.shape;
      if (shape === undefined) return;
      const whole = fill(model, shape, operation.declaration.secret).value;
      // Lists of texts are written as they came: whatever a text should be, a text in them is one.
      const paths = pathsOf(whole).filter((path) => !isTextHolder(at(whole, path)));
      const path = paths[where % paths.length] ?? [];
      const text = operation.redactInput(replaced(whole, path, value) as Input);
      assert.ok(!holds(text, secret), `${name} at ${path.join('.')}: ${text.slice(0, 300)}`);
    }),
    { numRuns: 3000 },
  );
});

const at = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>((inner, key) => (inner as Record<string | number, unknown>)[key], value);

const isTextHolder = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.values(value).some((inner) => typeof inner === 'string');
