/**
 * Event selectors: which events a trail takes. Basic ones name management events (reads, writes) and data resources of three types;
 * advanced ones are conditions on fields. Here they are checked as PutEventSelectors does; match.ts evaluates them.
 *
 * Source: CloudTrail API reference, "AdvancedFieldSelector", "EventSelector"; user guide, "Quotas in AWS CloudTrail".
 */
import type * as Model from '#platform/model/generated/cloudtrail.ts';
import { refuse } from './errors.ts';
import type { Selectors } from './state.ts';

const MOST_BASIC = 5;
const MOST_DATA_RESOURCES = 250;
const MOST_CONDITIONS = 500;

const BASIC_TYPES: ReadonlySet<string> = new Set(['AWS::DynamoDB::Table', 'AWS::Lambda::Function', 'AWS::S3::Object']);
/** "You can exclude … kms.amazonaws.com or rdsdata.amazonaws.com." */
const EXCLUDABLE: ReadonlySet<string> = new Set(['kms.amazonaws.com', 'rdsdata.amazonaws.com']);

const OPERATORS = ['Equals', 'StartsWith', 'EndsWith', 'NotEquals', 'NotStartsWith', 'NotEndsWith'] as const;
type Operator = (typeof OPERATORS)[number];

const ALL: readonly Operator[] = OPERATORS;
const EQUALS: readonly Operator[] = ['Equals'];
const EQUALS_OR_NOT: readonly Operator[] = ['Equals', 'NotEquals'];

type FieldRules = Readonly<Record<string, readonly Operator[]>>;

/** For each category the fields that a condition may be on, with their operators. */
const FIELDS: Readonly<Record<string, FieldRules>> = {
  Management: {
    eventCategory: EQUALS,
    eventSource: EQUALS_OR_NOT,
    readOnly: EQUALS,
    eventName: ALL,
    eventType: ALL,
    sessionCredentialFromConsole: EQUALS_OR_NOT,
    'userIdentity.arn': ALL,
  },
  Data: {
    eventCategory: EQUALS,
    'resources.type': EQUALS,
    'resources.ARN': ALL,
    readOnly: EQUALS,
    eventName: ALL,
    eventSource: ALL,
    eventType: ALL,
    sessionCredentialFromConsole: EQUALS_OR_NOT,
    'userIdentity.arn': ALL,
  },
  NetworkActivity: {
    eventCategory: EQUALS,
    eventSource: EQUALS,
    eventName: ALL,
    errorCode: EQUALS,
    vpcEndpointId: ALL,
  },
};

const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  Management: [],
  Data: ['resources.type'],
  NetworkActivity: ['eventSource'],
};

const invalid = (why: string): never => refuse('InvalidEventSelectorsException', why);

export function checkSelectors(input: Omit<Model.PutEventSelectorsRequest, 'TrailName'>): Selectors {
  const { EventSelectors: basic, AdvancedEventSelectors: advanced } = input;
  if (basic !== undefined && advanced !== undefined) {
    return invalid('EventSelectors and AdvancedEventSelectors can’t be used together.');
  }
  if (advanced !== undefined) return { advanced: checkAdvanced(advanced) };
  return basic === undefined ? invalid('one form of selectors is required.') : { basic: checkBasic(basic) };
}

function checkBasic(selectors: readonly Model.EventSelector[]): readonly Model.EventSelector[] {
  if (selectors.length === 0 || selectors.length > MOST_BASIC)
    invalid(`a trail has 1 to ${MOST_BASIC} event selectors.`);
  const resources = selectors.flatMap(({ DataResources }) => DataResources ?? []);
  const values = resources.flatMap(({ Values }) => Values ?? []);
  if (values.length > MOST_DATA_RESOURCES) invalid(`a trail has at most ${MOST_DATA_RESOURCES} data resources.`);
  for (const { Type = '', Values = [] } of resources) {
    if (!BASIC_TYPES.has(Type)) invalid(`the data resource type ${Type} is not supported.`);
    if (Values.length === 0 || Values.some((arn) => !arn.startsWith('arn:'))) {
      invalid(`the values of ${Type} must be ARNs.`);
    }
  }
  const excluded = selectors.flatMap(({ ExcludeManagementEventSources }) => ExcludeManagementEventSources ?? []);
  const wrong = excluded.find((source) => !EXCLUDABLE.has(source));
  if (wrong !== undefined) invalid(`the event source ${wrong} can’t be excluded.`);
  return selectors.map((selector) => ({
    ReadWriteType: selector.ReadWriteType ?? 'All',
    IncludeManagementEvents: selector.IncludeManagementEvents ?? true,
    DataResources: selector.DataResources ?? [],
    ExcludeManagementEventSources: selector.ExcludeManagementEventSources ?? [],
  }));
}

function checkAdvanced(selectors: readonly Model.AdvancedEventSelector[]): readonly Model.AdvancedEventSelector[] {
  if (selectors.length === 0) invalid('at least one advanced event selector is required.');
  let conditions = 0;
  for (const { FieldSelectors } of selectors) {
    for (const field of FieldSelectors) for (const name of OPERATORS) conditions += field[name]?.length ?? 0;
  }
  if (conditions > MOST_CONDITIONS) invalid(`a trail has at most ${MOST_CONDITIONS} values of conditions.`);
  for (const { FieldSelectors } of selectors) checkFields(FieldSelectors);
  return selectors;
}

function checkFields(fields: readonly Model.AdvancedFieldSelector[]): void {
  const names = fields.map(({ Field }) => Field);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) invalid(`the field ${twice} is used more than once.`);
  const categories = fields.find(({ Field }) => Field === 'eventCategory')?.Equals ?? [];
  const [category = ''] = categories;
  const known = categories.length === 1 && Object.hasOwn(FIELDS, category) ? FIELDS[category] : undefined;
  const rules = known ?? invalid('eventCategory must equal Management, Data or NetworkActivity.');
  for (const needed of REQUIRED[category] ?? []) {
    if (!names.includes(needed)) invalid(`${needed} is required for ${category} events.`);
  }
  for (const field of fields) checkField(field, category, rules);
}

function checkField(field: Model.AdvancedFieldSelector, category: string, rules: FieldRules): void {
  const { Field: name } = field;
  const known = Object.hasOwn(rules, name) ? rules[name] : undefined;
  const allowed = known ?? invalid(`the field ${name} can’t be used for ${category} events.`);
  const used = OPERATORS.filter((operator) => field[operator] !== undefined);
  if (used.length === 0) invalid(`the field ${name} needs an operator.`);
  const wrong = used.find((operator) => !allowed.includes(operator));
  if (wrong !== undefined) invalid(`the operator ${wrong} can’t be used on ${name}.`);
  const values = field.Equals ?? [];
  if (name === 'readOnly' && (values.length !== 1 || !['true', 'false'].includes(values[0] ?? ''))) {
    invalid('readOnly must equal true or false.');
  }
  if (
    name === 'resources.type' &&
    (values.length !== 1 || !/^AWS::[A-Za-z0-9]+::[A-Za-z0-9:]+$/.test(values[0] ?? ''))
  ) {
    invalid('resources.type must equal one resource type.');
  }
}

/** "By default, trails … are configured to log all read and write management events, and no data events." */
export const DEFAULT_SELECTORS: Selectors = {
  basic: [
    {
      ReadWriteType: 'All',
      IncludeManagementEvents: true,
      DataResources: [],
      ExcludeManagementEventSources: [],
    },
  ],
};

/** "HasCustomEventSelectors": whether they differ from the default. */
export const isCustom = (selectors: Selectors): boolean =>
  JSON.stringify(selectors) !== JSON.stringify(DEFAULT_SELECTORS);
