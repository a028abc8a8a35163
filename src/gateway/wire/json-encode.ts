/**
 * Values to JSON text, one compiled writer per shape. Text is concatenated directly: no object is built to be
 * stringified, and names are quoted once. Absent members are left out; nulls stay in lists and maps.
 */
import { base64Of } from '#gateway/wire/scalar-text.ts';
import { listMember, mapValue, membersOf, memoized, type Resolved, resolve } from '#gateway/wire/shapes.ts';
import { formatTimestamp } from '#gateway/wire/timestamps.ts';
import { jsonText } from '#platform/base/json-text.ts';
import type { ServiceModel, ShapeRef } from '#platform/model/schema.ts';

export type JsonWriter = (value: unknown) => string;

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
    return (value) => {
      // The contract: a structure is an object. The three arrays are of one length.
      const source = value as Record<string, unknown>;
      let text = '';
      for (let i = 0; i < names.length; i++) {
        const item = source[names[i] as string];
        if (item === undefined || item === null) continue;
        text += (text === '' ? '{' : ',') + keys[i] + (writers[i] as JsonWriter)(item);
      }
      return text === '' ? '{}' : `${text}}`;
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
