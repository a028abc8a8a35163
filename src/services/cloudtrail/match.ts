/** Whether an event is among those that a trail's selectors ask for. Selectors are compiled once: data events ask on their way. */
import type { AuditRecord } from '#platform/audit/record.ts';
import type * as Model from '#platform/model/generated/cloudtrail.ts';
import type { Selectors } from './state.ts';

export interface SelectableEvent {
  readonly category: 'Management' | 'Data';
  readonly source: string;
  readonly name: string;
  readonly type: AuditRecord['eventType'];
  readonly isReadOnly: boolean;
  readonly userArn: string | undefined;
  readonly isFromConsole: boolean;
  readonly resources: readonly { readonly ARN: string; readonly type?: string }[];
}

export type Matcher = (event: SelectableEvent) => boolean;

export function compileSelectors({ basic, advanced }: Selectors): Matcher {
  const matchers = [...(basic ?? []).map(basicMatcher), ...(advanced ?? []).map(advancedMatcher)];
  return (event) => matchers.some((matches) => matches(event));
}

function basicMatcher(selector: Model.EventSelector): Matcher {
  const { ReadWriteType: kind = 'All', IncludeManagementEvents: takesManagement = true } = selector;
  const excluded = selector.ExcludeManagementEventSources ?? [];
  const resources = selector.DataResources ?? [];
  return (event) => {
    if (kind !== 'All' && (kind === 'ReadOnly') !== event.isReadOnly) return false;
    if (event.category === 'Management') return takesManagement && !excluded.includes(event.source);
    return resources.some(({ Type, Values = [] }) =>
      event.resources.some(
        ({ type, ARN }) => (type === undefined || type === Type) && Values.some((prefix) => ARN.startsWith(prefix)),
      ),
    );
  };
}

/** Every field's condition must hold. */
function advancedMatcher({ FieldSelectors }: Model.AdvancedEventSelector): Matcher {
  const conditions = FieldSelectors.map(conditionOf);
  return (event) => conditions.every((holds) => holds(event));
}

const FIELDS: Readonly<Record<string, (event: SelectableEvent) => readonly string[]>> = {
  eventCategory: ({ category }) => [category],
  eventSource: ({ source }) => [source],
  eventName: ({ name }) => [name],
  eventType: ({ type }) => [type],
  readOnly: ({ isReadOnly }) => [String(isReadOnly)],
  sessionCredentialFromConsole: ({ isFromConsole }) => [String(isFromConsole)],
  'userIdentity.arn': ({ userArn }) => (userArn === undefined ? [] : [userArn]),
  'resources.type': ({ resources }) => resources.flatMap(({ type }) => type ?? []),
  'resources.ARN': ({ resources }) => resources.map(({ ARN }) => ARN),
};

const SELECTING = ['Equals', 'StartsWith', 'EndsWith'] as const;

const TESTS = {
  Equals: (value: string, wanted: string) => value === wanted,
  StartsWith: (value: string, wanted: string) => value.startsWith(wanted),
  EndsWith: (value: string, wanted: string) => value.endsWith(wanted),
};

/** Of a field's operators those that select are joined by "or", those that deselect by "and", and both must hold. */
function conditionOf(field: Model.AdvancedFieldSelector): Matcher {
  const valuesOf = FIELDS[field.Field] ?? (() => []);
  const testsOf = (prefix: '' | 'Not') =>
    SELECTING.flatMap((operator) => (field[`${prefix}${operator}`] ?? []).map((wanted) => ({ operator, wanted })));
  const selecting = testsOf('');
  const deselecting = testsOf('Not');
  return (event) => {
    const values = valuesOf(event);
    const holds = ({ operator, wanted }: (typeof selecting)[number]): boolean =>
      values.some((value) => TESTS[operator](value, wanted));
    return (selecting.length === 0 || selecting.some(holds)) && !deselecting.some(holds);
  };
}

/** Whether reads, or writes, are among the management events that are asked for. */
const logsManagement = ({ basic = [], advanced = [] }: Selectors, kind: 'ReadOnly' | 'WriteOnly'): boolean =>
  basic.some(
    ({ IncludeManagementEvents: isIncluded, ReadWriteType: type = 'All' }) =>
      isIncluded !== false && (type === 'All' || type === kind),
  ) ||
  advanced.some(({ FieldSelectors }) =>
    FieldSelectors.every(({ Field, Equals = [] }) => {
      if (Field === 'eventCategory') return Equals.includes('Management');
      return Field !== 'readOnly' || Equals.includes(String(kind === 'ReadOnly'));
    }),
  );

/** "To log Insights events on the API call rate, the trail must log write management events", of the error rate "read or write". */
export const canFind = (selectors: Selectors, type: Model.InsightType): boolean =>
  logsManagement(selectors, 'WriteOnly') || (type === 'ApiErrorRateInsight' && logsManagement(selectors, 'ReadOnly'));
