/** Records of JSON: a value on each line, or documents one after the other, and what a path of FROM makes of each. */
import { refuse } from '#services/s3/select/errors.ts';
import type { Row } from '#services/s3/select/evaluate.ts';
import { MOST_RECORD_CHARACTERS, type ReadRecord, type RecordReader } from '#services/s3/select/records.ts';
import type { FromStep, PathStep } from '#services/s3/select/syntax.ts';
import { isList, isMembers, type Members, MISSING, numberOf, type Value } from '#services/s3/select/values.ts';

/** A document is parsed whole. */
const MOST_DOCUMENT_CHARACTERS = 32 * 1024 * 1024;

export function jsonReader(type: 'LINES' | 'DOCUMENT', from: readonly FromStep[]): RecordReader {
  const split = type === 'LINES' ? lines() : documents();
  return {
    *read(text, isLast) {
      for (const record of split(text, isLast)) {
        if (record.trim() === '') {
          yield { row: undefined, characters: record };
          continue;
        }
        const [first, ...others] = valuesAt(parsed(record), from);
        yield { row: new JsonRow(first ?? MISSING), characters: record };
        for (const value of others) yield { row: new JsonRow(value), characters: '' } satisfies ReadRecord;
      }
    },
  };
}

type Splitter = (text: string, isLast: boolean) => Iterable<string>;

function lines(): Splitter {
  let rest = '';
  return function* (text, isLast) {
    const pieces = (rest + text).split('\n');
    rest = pieces.pop() ?? '';
    for (const piece of pieces) {
      if (piece.length > MOST_RECORD_CHARACTERS) refuse('OverMaxRecordSize');
      yield `${piece}\n`;
    }
    if (rest.length > MOST_RECORD_CHARACTERS) refuse('OverMaxRecordSize');
    if (isLast && rest !== '') yield rest;
  };
}

/** Finds where top-level values end by their brackets; what is inside JSON.parse judges. */
function documents(): Splitter {
  let rest = '';
  let [at, depth, isText, isEscaped] = [0, 0, false, false];
  return function* (text, isLast) {
    rest += text;
    if (rest.length > MOST_DOCUMENT_CHARACTERS) refuse('OverMaxRecordSize');
    for (; at < rest.length; at++) {
      const letter = rest[at] ?? '';
      if (isText) {
        if (isEscaped) isEscaped = false;
        else if (letter === '\\') isEscaped = true;
        else if (letter === '"') isText = false;
        continue;
      }
      if (letter === '"') isText = true;
      else if (letter === '{' || letter === '[') depth++;
      else if (letter === '}' || letter === ']') depth--;
      else if (depth > 0 || !/\s/.test(letter)) continue;
      if (depth > 0 || isText) continue;
      yield rest.slice(0, at + 1);
      rest = rest.slice(at + 1);
      at = -1;
    }
    if (isLast && rest.trim() !== '') yield rest;
  };
}

/** Numbers that doubles can't hold stay what they are. */
function parsed(text: string): Value {
  try {
    if (!/[\d.]{16}/.test(text)) return JSON.parse(text) as Value;
    return JSON.parse(text, (_, value: unknown, context?: { source?: string }) => {
      const { source = '' } = context ?? {};
      return typeof value === 'number' && source.length >= 16 ? (numberOf(source) ?? value) : value;
    }) as Value;
  } catch {
    return refuse('JSONParsingError');
  }
}

/** "Wildcard characters always emit at least one record. If no record matches, … the value MISSING." */
function valuesAt(value: Value, [step, ...rest]: readonly FromStep[]): readonly Value[] {
  if (step === undefined) return [value];
  if (typeof step === 'object') return valuesAt(member(value, step), rest);
  const items = step === 'every-element' ? (isList(value) ? value : []) : isMembers(value) ? Object.values(value) : [];
  return items.length === 0 ? [MISSING] : items.flatMap((each) => valuesAt(each, rest));
}

function member(value: Value, step: PathStep): Value {
  if ('index' in step) return isList(value) ? (value[step.index] ?? MISSING) : MISSING;
  if (!isMembers(value)) return MISSING;
  if (Object.hasOwn(value, step.name)) return value[step.name] ?? null;
  return step.isQuoted ? MISSING : inAnyCase(value, step.name);
}

function inAnyCase(value: Members, name: string): Value {
  const matches = Object.keys(value).filter((each) => each.toLowerCase() === name.toLowerCase());
  if (matches.length > 1) refuse('AmbiguousFieldName', name);
  const [found] = matches;
  return found === undefined ? MISSING : (value[found] ?? null);
}

/** Integers are exact in a query. */
const scalar = (value: Value): Value =>
  typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;

export class JsonRow implements Row {
  readonly #value: Value;

  constructor(value: Value) {
    this.#value = value;
  }

  get(path: readonly PathStep[]): Value {
    return scalar(path.reduce<Value>(member, this.#value));
  }

  columns(): readonly (readonly [string, Value])[] {
    if (this.#value === MISSING) return [];
    return isMembers(this.#value) ? Object.entries(this.#value) : [['_1', scalar(this.#value)]];
  }
}
