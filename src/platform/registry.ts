/**
 * All services of the cloud, each with its model and, per operation, what the model and the declaration say together. A service
 * loads when it is first asked for, and so does its model; an operation is put together at its first call: a cloud of ninety services
 * starts as fast as one of three. Who asks in the middle of synchronous work for a service that is not loaded gets `Suspend`, and runs
 * again when it is.
 */
import { compileRedaction, redactMessage } from '#platform/audit/redact.ts';
import { assert } from '#platform/base/assert.ts';
import { getOrInsert } from '#platform/base/get-or-insert.ts';
import { GLOBAL_REGION, type Region } from '#platform/base/ids.ts';
import { lazy } from '#platform/base/lazy.ts';
import type { ModelSource } from '#platform/model/load.ts';
import type { OperationModel, ServiceMetadata, ServiceModel } from '#platform/model/schema.ts';
import type {
  CallScope,
  Input,
  Kind,
  OperationDeclaration,
  Output,
  ServiceDeclaration,
  ServiceEntry,
  ServiceFacts,
} from '#platform/service.ts';
import { Suspend } from '#platform/store/store.ts';

export interface RegisteredOperation {
  readonly name: string;
  /** By which `operationOf` finds it: of those that only services call, it is not the name. */
  readonly key: string;
  readonly service: RegisteredService;
  readonly model: OperationModel;
  readonly declaration: OperationDeclaration;
  /** `sqs:SendMessage`, or as the declaration has it. */
  readonly actions: (input: Input, scope: CallScope) => readonly string[];
  readonly isReadOnly: boolean;
  readonly isManagement: boolean;
  /** Its input has a body that is handed on as it comes. */
  readonly isStreaming: boolean;
  /** Its output has a body, or events, that are handed on as they come. */
  readonly streamsBack: boolean;
  readonly usageType: string;
  /** The input member that holds an idempotency token. */
  readonly tokenMember: string | undefined;
  readonly validate: (input: Input) => void;
  /** As JSON text without what is secret: for the audit. */
  readonly redactInput: (input: Input) => string;
  readonly redactOutput: (output: Output) => string;
  /** A refusal's words, for the audit. */
  readonly redactMessage: (message: string, input: Input) => string;
}

/** Compiles the check of an input shape; injected, since validators differ by how a protocol words its errors. */
export type CompileValidator = (model: ServiceModel, inputShape: string | undefined) => (input: Input) => void;

function actionsOf(declared: NonNullable<OperationDeclaration['action']>): RegisteredOperation['actions'] {
  // The declaration's input type is the one that the validator has checked.
  if (typeof declared === 'function') return (input, scope) => declared(input as never, scope);
  const fixed = typeof declared === 'string' ? [declared] : declared;
  return () => fixed;
}

function isStreaming({ shapes }: ServiceModel, { input }: OperationModel): boolean {
  const shape = input && shapes[input.shape];
  const payload = shape?.payload === undefined ? undefined : shape.members?.[shape.payload];
  return payload !== undefined && (payload.streaming ?? shapes[payload.shape]?.streaming ?? false);
}

function streamsBack({ shapes }: ServiceModel, { output }: OperationModel): boolean {
  const members = Object.values((output && shapes[output.shape]?.members) ?? {});
  return members.some(({ shape, streaming }) => {
    const target = shapes[shape];
    return streaming ?? target?.streaming ?? target?.eventstream ?? false;
  });
}

const NOUN_END = /[/:]/;
/** No name of an operation has a space. */
const INTERNAL = 'internal ';

export class RegisteredService {
  readonly entry: ServiceEntry;
  readonly #source: ModelSource;
  readonly #compileValidator: CompileValidator;
  readonly #operations = new Map<string, RegisteredOperation>();
  #model: ServiceModel | undefined;
  #loaded: ServiceDeclaration | undefined;
  #facts: ServiceFacts | undefined;
  readonly load: () => Promise<void>;
  /** For who asks for `facts`. */
  readonly loadFacts: () => Promise<void>;

  constructor(entry: ServiceEntry, source: ModelSource, compileValidator: CompileValidator) {
    this.entry = entry;
    this.#source = source;
    this.#compileValidator = compileValidator;
    this.load = lazy(async () => {
      const declaration = await entry.load();
      const { name, reconciles = false } = entry;
      assert(reconciles === (declaration.reconcilers !== undefined), `${name} has reconcilers if its entry says so`);
      this.#loaded = declaration;
    });
    this.loadFacts = lazy(async () => {
      if (entry.facts === undefined) await this.load();
      else this.#facts = await entry.facts();
    });
  }

  get name(): string {
    return this.entry.name;
  }

  /** Undefined until somebody has waited for `load`. */
  get loaded(): ServiceDeclaration | undefined {
    return this.#loaded;
  }

  get declaration(): ServiceDeclaration {
    if (this.#loaded === undefined) throw new Suspend(this.load());
    return this.#loaded;
  }

  /** Undefined until somebody has waited for `load` or `loadFacts`. */
  get known(): ServiceFacts | undefined {
    return this.#loaded ?? this.#facts;
  }

  get facts(): ServiceFacts {
    const { known } = this;
    if (known === undefined) throw new Suspend(this.loadFacts());
    return known;
  }

  /** Read when it is first asked for. */
  get model(): ServiceModel {
    this.#model ??= this.#source.load();
    return this.#model;
  }

  get metadata(): ServiceMetadata {
    return this.#source.summary.metadata;
  }

  /** Of its IAM actions, and the service part of its ARNs. */
  get prefix(): string {
    return this.#source.summary.prefix ?? this.name;
  }

  /** The name in credential scopes. */
  get signingName(): string {
    const { metadata } = this;
    return this.entry.signingName ?? metadata.signingName ?? metadata.endpointPrefix;
  }

  /** Its signing name, or the other one that its clients may sign by, if it is this. */
  signedAs(name: string): string {
    return this.entry.alsoSignedAs === name ? name : this.signingName;
  }

  /** Where a resource of this service lives for a request to `region`. */
  regionOf(region: Region): Region {
    return this.entry.scope === 'global' ? GLOBAL_REGION : region;
  }

  /** `AWS::SQS::Queue` for a queue's ARN: by the noun that its resource begins with, or the service's only kind. */
  resourceType(arn: string): string | undefined {
    const { kinds } = this.declaration;
    const [, , , , , resource = ''] = arn.split(':', 6);
    const noun = resource.split(NOUN_END, 1)[0] ?? '';
    const kind = Object.hasOwn(kinds, noun)
      ? kinds[noun]
      : Object.keys(kinds).length === 1
        ? Object.values(kinds)[0]
        : undefined;
    return kind?.cloudFormationType;
  }

  /** Undefined for a name that is neither handled nor in the model. */
  operation(name: string): RegisteredOperation | undefined {
    return this.#operations.get(name) ?? this.#assemble(name);
  }

  /** One that only services call. */
  internal(name: string): RegisteredOperation | undefined {
    const key = `${INTERNAL}${name}`;
    const declaration = this.declaration.internal?.[name];
    return this.#operations.get(key) ?? (declaration && this.#build(key, declaration.as, declaration));
  }

  operationOf(key: string): RegisteredOperation | undefined {
    return key.startsWith(INTERNAL) ? this.internal(key.slice(INTERNAL.length)) : this.operation(key);
  }

  #assemble(name: string): RegisteredOperation | undefined {
    const { operations } = this.declaration;
    const declaration = Object.hasOwn(operations, name) ? operations[name] : undefined;
    return declaration && this.#build(name, name, declaration);
  }

  #build(key: string, name: string, declaration: OperationDeclaration): RegisteredOperation | undefined {
    const model = Object.hasOwn(this.model.operations, name) ? this.model.operations[name] : undefined;
    const { defaults, auditNames, auditTimes } = this.declaration;
    if (model === undefined) return undefined;
    const actions = declaration.action ?? `${this.prefix}:${name}`;
    const access = declaration.access ?? defaults?.access ?? this.#accessOf(name);
    const operation: RegisteredOperation = {
      name,
      key,
      service: this,
      model,
      declaration,
      actions: actionsOf(actions),
      isReadOnly: access === 'read',
      isManagement: (declaration.event ?? defaults?.event ?? 'management') === 'management',
      isStreaming: isStreaming(this.model, model),
      streamsBack: streamsBack(this.model, model),
      usageType: declaration.usage ?? defaults?.usage ?? 'Requests',
      tokenMember: this.#tokenMember(model),
      validate: this.#compileValidator(this.model, model.input?.shape),
      redactInput: compileRedaction(this.model, model.input?.shape, declaration.secret, auditNames, auditTimes),
      redactOutput: compileRedaction(this.model, model.output?.shape, declaration.secret, auditNames, auditTimes),
      redactMessage: (message, input) =>
        redactMessage(message, this.model, model.input?.shape, declaration.secret ?? [], input),
    };
    this.#operations.set(key, operation);
    return operation;
  }

  #accessOf(operation: string): 'read' | 'write' {
    const action = this.model.authorization?.actions[operation];
    return action?.access === 'Read' || action?.access === 'List' ? 'read' : 'write';
  }

  #tokenMember(operation: OperationModel): string | undefined {
    const members = operation.input && this.model.shapes[operation.input.shape]?.members;
    return Object.entries(members ?? {}).find(([, member]) => member.idempotencyToken)?.[0];
  }
}

export class Registry {
  readonly #services = new Map<string, RegisteredService>();
  readonly #byArnService = new Map<string, RegisteredService[]>();

  constructor(services: readonly RegisteredService[]) {
    for (const service of services) {
      assert(!this.#services.has(service.name), `service ${service.name} is registered twice`);
      this.#services.set(service.name, service);
    }
    for (const service of services) getOrInsert(this.#byArnService, service.prefix, () => []).push(service);
    for (const service of services) getOrInsert(this.#byArnService, service.name, () => [service]);
  }

  get services(): readonly RegisteredService[] {
    return [...this.#services.values()];
  }

  /** For who looks through the facts of all. */
  get described(): readonly RegisteredService[] {
    const others = this.services.filter(({ known }) => known === undefined);
    if (others.length > 0) throw new Suspend(Promise.all(others.map((service) => service.loadFacts())).then(() => {}));
    return this.services;
  }

  /** All code is in memory; what a service does beside loading waits for its first use. */
  async preloadAll(): Promise<void> {
    await Promise.all(
      this.services.map(({ entry, load, loadFacts }) => {
        return entry.preload === undefined ? load() : Promise.all([entry.preload(), entry.facts && loadFacts()]);
      }),
    );
  }

  async loadAll(): Promise<void> {
    await Promise.all(this.services.map((service) => service.load()));
  }

  service(name: string): RegisteredService | undefined {
    return this.#services.get(name);
  }

  /** The service that owns ARNs of `arn:aws:<name>:…`. Where several do (S3 and S3 Control), the noun of the resource tells. */
  byArnService(name: string, resource = ''): RegisteredService | undefined {
    const [first, ...others] = this.#byArnService.get(name) ?? [];
    if (others.length === 0) return first;
    const noun = resource.split(NOUN_END, 1)[0] ?? '';
    return others.find(({ entry }) => entry.nouns?.includes(noun)) ?? first;
  }

  kinds(service: RegisteredService): readonly Kind[] {
    return Object.values(service.facts.kinds);
  }
}
