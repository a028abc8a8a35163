/**
 * Values to JSON text, one compiled writer per shape. Text is concatenated directly: no object is built to be
 * stringified, and names are quoted once. Absent members are left out; nulls stay in lists and maps.
 */
import { base64Of } from '#gateway/wire/scalar-text.ts';
import { listMember, mapValue, membersOf, memoized, type Resolved, resolve } from '#gateway/wire/shapes.ts';
import { formatTimestamp } from '#gateway/wire/timestamps.ts';
import { isPlainText, jsonText } from '#platform/base/json-text.ts';
import type { ServiceModel, ShapeRef } from '#platform/model/schema.ts';

export type JsonWriter = (value: unknown) => string;

/** Where the writer of a structure is. */
const BEGINNING = 0;
const BEHIND = 1;
const IN_TEXT = 2;
const ENDS = ['{}', '}', '"}'];

export interface JsonEncoder {
  writer(ref: ShapeRef): JsonWriter;
  /** The members of a structure between braces; `keep` says which of them belong to the body. */
  structure(shape: Resolved, keep?: (member: Resolved) => boolean): JsonWriter;
}

export function jsonEncoder(model: ServiceModel): JsonEncoder {
  const writer = memoized<JsonWriter>(
    (ref) => compile(resolve(model, ref)),
    (slot) => (value) => slot()(value),
  );

  function compile(shape: Resolved): JsonWriter {
    switch (shape.type) {
      case 'structure':
        return shape.document ? JSON.stringify : structure(shape);
      case 'list':
        return listWriter(writer(listMember(shape)));
      case 'map':
        return mapWriter(writer(mapValue(shape)));
      default:
        return scalarWriter(shape);
    }
  }

  function structure(shape: Resolved, keep: (member: Resolved) => boolean = () => true): JsonWriter {
    const members = membersOf(model, shape).filter((member) => keep(member.shape));
    const names = members.map((member) => member.name);
    const keys = members.map((member) => `${JSON.stringify(member.shape.locationName ?? member.name)}:`);
    const writers = members.map((member) => writer(member.ref));
    const openings = [keys.map((key) => `{${key}`), keys.map((key) => `,${key}`), keys.map((key) => `",${key}`)];
    // A text's quotation marks are written with what stands before and behind it: what is put together has half as many pieces.
    const textOpenings = openings.map((before) => before.map((key) => `${key}"`));
    const areTexts = members.map(({ shape: { type } }) => type === 'string' || type === 'character');
    return (value) => {
      // The contract: a structure is an object. The arrays are of one length, and there is one for each state.
      const source = value as Record<string, unknown>;
      let text = '';
      let state = BEGINNING;
      for (let i = 0; i < names.length; i++) {
        const item = source[names[i] as string];
        if (item === undefined || item === null) continue;
        if (areTexts[i] && isPlainText(item)) {
          text += (textOpenings[state] as string[])[i] + item;
          state = IN_TEXT;
        } else {
          text += (openings[state] as string[])[i] + (writers[i] as JsonWriter)(item);
          state = BEHIND;
        }
      }
      return text + ENDS[state];
    };
  }

  return { writer, structure };
}

function listWriter(write: JsonWriter): JsonWriter {
  return (value) => {
    let text = '';
    for (const item of value as readonly unknown[]) {
      text += (text === '' ? '' : ',') + (item === null || item === undefined ? 'null' : write(item));
    }
    return `[${text}]`;
  };
}

function mapWriter(write: JsonWriter): JsonWriter {
  return (value) => {
    const source = value as Record<string, unknown>;
    let text = '';
    for (const key of Object.keys(source)) {
      const item = source[key];
      if (item === undefined) continue;
      text += `${(text === '' ? '' : ',') + jsonText(key)}:${item === null ? 'null' : write(item)}`;
    }
    return `{${text}}`;
  };
}

function scalarWriter(shape: Resolved): JsonWriter {
  switch (shape.type) {
    case 'string':
    case 'character':
      // What is no text, whatever the model says, stands as it is.
      return (value) => (typeof value === 'string' ? jsonText(value) : JSON.stringify(value));
    case 'blob':
      return (value) => `"${base64Of(value as Uint8Array)}"`;
    case 'float':
    case 'double':
    case 'bigdecimal':
      return (value) => (Number.isFinite(value) ? String(value) : `"${value}"`);
    case 'timestamp': {
      const format = shape.timestampFormat ?? 'unixTimestamp';
      if (format === 'unixTimestamp') return (value) => String((value as number) / 1000);
      return (value) => `"${formatTimestamp(value as number, format)}"`;
    }
    default:
      return String;
  }
}
