/**
 * All services of the cloud, each with its model and, per operation, what the model and the declaration say together. An
 * operation is put together at its first call and kept: a cloud of ninety services starts as fast as one of three.
 */
import { compileRedaction } from '#platform/audit/redact.ts';
import { assert } from '#platform/base/assert.ts';
import { GLOBAL_REGION, type Region } from '#platform/base/ids.ts';
import type { OperationModel, ServiceModel } from '#platform/model/schema.ts';
import type { Input, Kind, OperationDeclaration, Output, ServiceDeclaration } from '#platform/service.ts';

export interface RegisteredOperation {
  readonly name: string;
  readonly service: RegisteredService;
  readonly model: OperationModel;
  readonly declaration: OperationDeclaration;
  /** `sqs:SendMessage`, or as the declaration has it. */
  readonly actions: (input: Input) => readonly string[];
  readonly isReadOnly: boolean;
  readonly isManagement: boolean;
  /** Its input has a body that is handed on as it comes. */
  readonly isStreaming: boolean;
  readonly usageType: string;
  /** The input member that holds an idempotency token. */
  readonly tokenMember: string | undefined;
  readonly validate: (input: Input) => void;
  /** Without what is secret: for the audit. */
  readonly redactInput: (input: Input) => Input;
  readonly redactOutput: (output: Output) => Output;
}

/** Compiles the check of an input shape; injected, since validators differ by how a protocol words its errors. */
export type CompileValidator = (model: ServiceModel, inputShape: string | undefined) => (input: Input) => void;

function actionsOf(declared: NonNullable<OperationDeclaration['action']>): (input: Input) => readonly string[] {
  // The declaration's input type is the one that the validator has checked.
  if (typeof declared === 'function') return (input) => declared(input as never);
  const fixed = typeof declared === 'string' ? [declared] : declared;
  return () => fixed;
}

function isStreaming({ shapes }: ServiceModel, { input }: OperationModel): boolean {
  const shape = input && shapes[input.shape];
  const payload = shape?.payload === undefined ? undefined : shape.members?.[shape.payload];
  return payload !== undefined && (payload.streaming ?? shapes[payload.shape]?.streaming ?? false);
}

export class RegisteredService {
  readonly declaration: ServiceDeclaration;
  readonly #loadModel: () => ServiceModel;
  readonly #compileValidator: CompileValidator;
  readonly #operations = new Map<string, RegisteredOperation>();
  #model: ServiceModel | undefined;

  constructor(declaration: ServiceDeclaration, loadModel: () => ServiceModel, compileValidator: CompileValidator) {
    this.declaration = declaration;
    this.#loadModel = loadModel;
    this.#compileValidator = compileValidator;
  }

  get name(): string {
    return this.declaration.name;
  }

  get model(): ServiceModel {
    this.#model ??= this.#loadModel();
    return this.#model;
  }

  /** The name in credential scopes. */
  get signingName(): string {
    const { metadata } = this.model;
    return this.declaration.signingName ?? metadata.signingName ?? metadata.endpointPrefix;
  }

  /** Where a resource of this service lives for a request to `region`. */
  regionOf(region: Region): Region {
    return this.declaration.scope === 'global' ? GLOBAL_REGION : region;
  }

  /** Undefined for a name that is neither handled nor in the model. */
  operation(name: string): RegisteredOperation | undefined {
    return this.#operations.get(name) ?? this.#assemble(name);
  }

  #assemble(name: string): RegisteredOperation | undefined {
    const model = Object.hasOwn(this.model.operations, name) ? this.model.operations[name] : undefined;
    const { operations, defaults } = this.declaration;
    const declaration = Object.hasOwn(operations, name) ? operations[name] : undefined;
    if (model === undefined || declaration === undefined) return undefined;
    const prefix = this.model.authorization?.prefix ?? this.declaration.name;
    const actions = declaration.action ?? `${prefix}:${name}`;
    const access = declaration.access ?? defaults?.access ?? this.#accessOf(name);
    const operation: RegisteredOperation = {
      name,
      service: this,
      model,
      declaration,
      actions: actionsOf(actions),
      isReadOnly: access === 'read',
      isManagement: (declaration.event ?? defaults?.event ?? 'management') === 'management',
      isStreaming: isStreaming(this.model, model),
      usageType: declaration.usage ?? defaults?.usage ?? 'Requests',
      tokenMember: this.#tokenMember(model),
      validate: this.#compileValidator(this.model, model.input?.shape),
      redactInput: compileRedaction(this.model, model.input?.shape, declaration.secret),
      redactOutput: compileRedaction(this.model, model.output?.shape, declaration.secret),
    };
    this.#operations.set(name, operation);
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
  readonly #byArnService = new Map<string, RegisteredService>();

  constructor(services: readonly RegisteredService[]) {
    for (const service of services) {
      assert(!this.#services.has(service.name), `service ${service.name} is registered twice`);
      this.#services.set(service.name, service);
    }
  }

  get services(): readonly RegisteredService[] {
    return [...this.#services.values()];
  }

  service(name: string): RegisteredService | undefined {
    return this.#services.get(name);
  }

  /** The service that owns ARNs of `arn:aws:<name>:…`. */
  byArnService(name: string): RegisteredService | undefined {
    const known = this.#byArnService.get(name);
    if (known !== undefined) return known;
    const found = this.services.find(
      (service) => service.model.authorization?.prefix === name || service.name === name,
    );
    if (found !== undefined) this.#byArnService.set(name, found);
    return found;
  }

  kinds(service: RegisteredService): readonly Kind[] {
    return Object.values(service.declaration.kinds);
  }
}
