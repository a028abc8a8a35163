/** For tests of the kernel: a cloud of one small service, `notes`, over a store in memory, without HTTP and IAM. */
import type { TestContext } from 'node:test';
import { SimulatedClock } from '#platform/base/clock.ts';
import type { AccountId, Region } from '#platform/base/ids.ts';
import { silent } from '#platform/base/log.ts';
import type { Caller, Cloud } from '#platform/cloud.ts';
import { dispatch } from '#platform/dispatch.ts';
import { fail } from '#platform/error.ts';
import { KEPT_ANSWERS } from '#platform/idempotency.ts';
import type { ServiceModel } from '#platform/model/schema.ts';
import { summaryOf } from '#platform/model/summary.ts';
import { compileValidator } from '#platform/model/validate.ts';
import { authorizationMessages } from '#platform/policy/authorization-message.ts';
import type { PrincipalPolicies } from '#platform/policy/evaluate.ts';
import { parsePolicy } from '#platform/policy/parse.ts';
import type { Principal } from '#platform/principal.ts';
import { RegisteredService, Registry } from '#platform/registry.ts';
import { createSealer } from '#platform/secrets/sealer.ts';
import {
  type Call,
  type CallScope,
  defineService,
  type Input,
  type Output,
  passRole,
  type ServiceDeclaration,
  type ServiceEntry,
} from '#platform/service.ts';
import { type Faults, faulty } from '#platform/store/faults.ts';
import { jsonRows, table, text } from '#platform/store/keys.ts';
import { memoryDrivers } from '#platform/store/memory/drivers.ts';
import { openStore } from '#platform/store/open-store.ts';
import type { Partition } from '#platform/store/store.ts';
import { Throttle } from '#platform/throttle.ts';

export const OWN = '123456789012' as AccountId;
export const OTHER = '210987654321' as AccountId;
export const REGION = 'us-east-1' as Region;

const model: ServiceModel = {
  metadata: { serviceId: 'Notes', apiVersion: '1', endpointPrefix: 'notes', protocols: ['json'] },
  operations: Object.fromEntries(
    ['Put', 'Get', 'Remove', 'Fail', 'Slow', 'Stream', 'Twice', 'Limited', 'Assign'].map((name) => [
      name,
      { name, input: { shape: 'Note' }, output: { shape: 'Note' } },
    ]),
  ),
  shapes: {
    Note: {
      type: 'structure',
      members: {
        Owner: { shape: 'Text' },
        Name: { shape: 'Text' },
        Body: { shape: 'Text' },
        Role: { shape: 'Text' },
        Secret: { shape: 'Secret' },
        Token: { shape: 'Text', idempotencyToken: true },
      },
    },
    Text: { type: 'string', max: 1000 },
    Secret: { type: 'string', sensitive: true },
  },
};

interface Note extends Input {
  readonly Owner?: string;
  readonly Name?: string;
  readonly Body?: string;
  readonly Role?: string;
}

export const notes = table('note', [text], jsonRows<{ body: string; policy?: string }>(1));
export const noteArn = (name: string, account: string = OWN): string => `arn:aws:notes:${REGION}:${account}:${name}`;

const target = {
  resource: ({ Name = '' }: Note, { account }: CallScope) => noteArn(Name, account),
  owner: ({ Owner }: Note) => (Owner === undefined ? {} : { account: Owner as AccountId }),
};

/** Those that nobody has read or given up. */
export const streams = { open: 0 };

const operations = {
  Put: {
    ...target,
    access: 'write',
    handler: ({ Name = '', Body = '' }: Note, call: Call) => {
      call.tx.put(notes, notes.key(Name), { body: Body });
      call.meter('Bytes', Body.length);
      return { Name, Secret: 'kept from the audit' };
    },
  },
  Get: {
    ...target,
    access: 'read',
    event: 'data',
    anonymous: true,
    handler: ({ Name = '' }: Note, call: Call) => {
      const row = call.tx.get(notes, notes.key(Name)) ?? fail('NoSuchNote', 'There is no such note.');
      return { Name, Body: row.body };
    },
  },
  // Without an answer, as AWS's deletions are.
  Remove: {
    ...target,
    access: 'write',
    handler: ({ Name = '' }: Note, call: Call) => {
      if (Name === 'first' && call.tx.range(notes, { limit: 2 }).length > 1) fail('NotEmpty', 'It holds other notes.');
      if (Name === 'held') fail('NotYours', 'It is held.');
      if (call.tx.get(notes, notes.key(Name)) === undefined) fail('NoSuchNote', 'There is no such note.');
      call.tx.delete(notes, notes.key(Name));
    },
  },
  Fail: {
    ...target,
    handler: () => {
      throw new Error('a fault of ours: secret inside');
    },
  },
  Slow: {
    ...target,
    steps: true,
    handler: async ({ Name = '' }: Note, call: Call) => {
      call.transact((tx) => tx.put(notes, notes.key(Name), { body: 'slow' }));
      await new Promise<void>((resolve) => {
        call.clock.after(1000, resolve);
      });
      return { Name };
    },
  },
  /** Answers a stream, after a second. */
  Stream: {
    ...target,
    steps: true,
    handler: async ({ Name = '' }: Note, call: Call) => {
      call.transact((tx) => tx.put(notes, notes.key(Name), { body: 'streamed' }));
      await new Promise<void>((resolve) => {
        call.clock.after(1000, resolve);
      });
      streams.open++;
      const end = async () => {
        streams.open--;
        return { done: true, value: undefined };
      };
      return { Name, Body: { [Symbol.asyncIterator]: () => ({ next: end, return: end }) } };
    },
  },
  Twice: {
    ...target,
    steps: true,
    handler: async ({ Name = '' }: Note, call: Call) => {
      await call.invoke('notes', 'Put', { Name: `${Name}-1` });
      await call.invoke('notes', 'Put', { Name: `${Name}-2` });
      return {};
    },
  },
  Limited: { ...target, handler: () => ({}) },
  Assign: {
    ...target,
    further: ({ Name = '', Role }: Note) =>
      Role === undefined ? [] : [passRole(Role, 'notes.amazonaws.com', noteArn(Name))],
    handler: () => ({}),
  },
} as const;

export const notesService = () =>
  defineService({
    operations,
    notImplemented: {},
    kinds: {
      note: {
        name: 'note',
        list: (tx, after, limit) =>
          tx
            .range(notes, { limit, ...(after && { after: notes.key(after.split(':')[5] ?? '') }) })
            .map(({ key }) => noteArn(notes.parts(key)[0])),
        exists: (tx, arn) => tx.get(notes, notes.key(arn.split(':')[5] ?? '')) !== undefined,
        policy: (tx, arn) => tx.get(notes, notes.key(arn.split(':')[5] ?? ''))?.policy,
        remove: { operation: 'Remove', input: (arn) => ({ Name: arn.split(':')[5] }) },
        holdsData: true,
      },
    },
    quotas: {},
    throttles: { Limited: { perSecond: 1, burst: 2 } },
    throttlingError: 'TooManyNotes',
  });

export const notesEntry = (declaration: ServiceDeclaration = notesService()): ServiceEntry => ({
  name: 'notes',
  principal: 'notes.amazonaws.com',
  scope: 'regional',
  ...(declaration.reconcilers && { reconciles: true }),
  load: async () => declaration,
});

/** Of the one service, whose operations nobody calls. */
export const registryOf = (declaration: ServiceDeclaration): Registry =>
  new Registry([
    new RegisteredService(
      notesEntry(declaration),
      { summary: { metadata: model.metadata }, load: () => fail('Unexpected', 'nothing is called') },
      () => () => {},
    ),
  ]);

export const userOf = (account: AccountId): Principal => ({
  kind: 'user',
  account,
  arn: `arn:aws:iam::${account}:user/alice`,
  userId: 'AIDAALICE',
  userName: 'alice',
});

const allowAll = parsePolicy(
  '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}',
  'identity',
);

export interface TinyCloud {
  readonly cloud: Cloud;
  readonly clock: SimulatedClock;
  readonly faults: Faults;
  /** Accounts that have a partition in memory. */
  readonly opened: ReadonlySet<string>;
  readonly partition: Partition;
  /** What alice may do; all, until a test says otherwise. */
  policies: PrincipalPolicies;
  call(operation: string, input?: Input, as?: Principal, idempotencyToken?: string): Promise<Output>;
}

export const keptAnswersSealer = createSealer({ current: 1, keys: new Map([[1, Buffer.alloc(32, 7)]]) }).purpose(
  KEPT_ANSWERS,
);

export function tinyCloud(t: TestContext): TinyCloud {
  const clock = new SimulatedClock();
  const { drivers, faults } = faulty(memoryDrivers());
  const opened = new Set<string>();
  const store = openStore({ drivers, onFault: () => {}, onOpen: ({ name }) => opened.add(name.account) });
  t.after(() => store.close().catch(() => {}));
  const service = new RegisteredService(
    notesEntry(),
    { summary: summaryOf(model), load: () => model },
    compileValidator,
  );
  const cloud: Cloud = {
    store,
    registry: new Registry([service]),
    identity: {
      credential: () => fail('InvalidClientTokenId', 'not in these tests'),
      noteUse: () => {},
      policiesOf: (principal) => (principal.kind === 'user' ? tiny.policies : { identity: [] }),
      tagsOf: () => ({}),
      isAccount: (account) => account === OWN || account === OTHER,
      durable: () => undefined,
    },
    clock,
    log: silent,
    throttle: new Throttle(),
    keptAnswers: keptAnswersSealer,
    authorizationMessages: authorizationMessages(createSealer({ current: 1, keys: new Map([[1, Buffer.alloc(32)]]) })),
    audit: { wantsData: () => false },
    isRegion: (name) => name === REGION,
    stopping: new AbortController().signal,
  };
  const tiny: TinyCloud = {
    cloud,
    clock,
    faults,
    opened,
    partition: store.partition({ service: 'notes', account: OWN, region: REGION }),
    policies: { identity: [allowAll] },
    async call(name, input = {}, principal = userOf(OWN), idempotencyToken = undefined) {
      const caller: Caller = {
        principal,
        accessKeyId: 'AKIATEST',
        sourceAddress: '127.0.0.1',
        userAgent: 'test',
        isSecure: false,
        calledVia: [],
      };
      await service.load();
      return dispatch(cloud, {
        operation: service.operation(name) ?? fail('InvalidAction', name),
        input,
        caller,
        region: REGION,
        requestId: 'request',
        origin: 'http://localhost',
        client: new AbortController(),
        ...(idempotencyToken !== undefined && { idempotencyToken }),
      });
    },
  };
  return tiny;
}
