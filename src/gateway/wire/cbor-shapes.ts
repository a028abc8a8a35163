/** CBOR items to values and back, one compiled function per shape: the counterpart of json-decode.ts and json-encode.ts. */
import { CborTimestamp, CborWriter, decodeCbor } from '#gateway/wire/cbor.ts';
import type { PayloadFormat } from '#gateway/wire/payload-format.ts';
import { isInRange, withArticle } from '#gateway/wire/scalar-text.ts';
import { listMember, malformed, mapValue, membersOf, memoized, type Resolved, resolve } from '#gateway/wire/shapes.ts';
import { timestampOfSeconds } from '#gateway/wire/timestamps.ts';
import type { ServiceModel, ShapeRef } from '#platform/model/schema.ts';

/** The items' depth was bounded when they were decoded. */
type CborReader = (item: unknown) => unknown;
type CborItemWriter = (value: unknown, out: CborWriter) => void;
type Keep = (member: Resolved) => boolean;
type CborMap = Record<string, unknown>;

export function cborFormat(model: ServiceModel): PayloadFormat {
  const reader = readers(model);
  const writer = writers(model);
  const written = (write: CborItemWriter) => (value: unknown) => {
    const out = new CborWriter();
    write(value, out);
    return out.result();
  };
  return {
    contentType: 'application/cbor',
    read(ref) {
      const read = reader.item(ref);
      return (body) => read(decodeCbor(body));
    },
    write: (ref) => written(writer.item(ref)),
    readMembers(shape, keep) {
      const read = reader.structure(shape, keep);
      // A structure's reader gives an object.
      return (body) => read(decodeCbor(body)) as CborMap;
    },
    writeMembers: (shape, keep) => written(writer.structure(shape, keep)),
  };
}

function readers(model: ServiceModel): {
  item(ref: ShapeRef): CborReader;
  structure(shape: Resolved, keep: Keep): CborReader;
} {
  const item = memoized<CborReader>(
    (ref) => compile(resolve(model, ref)),
    (slot) => (value) => slot()(value),
  );

  function compile(shape: Resolved): CborReader {
    switch (shape.type) {
      case 'structure':
        return shape.document ? (value) => value : structure(shape, () => true);
      case 'list': {
        const read = item(listMember(shape));
        return (value) => {
          if (!Array.isArray(value)) mismatch(value, 'list');
          return value.map((element) => (element === null ? null : read(element)));
        };
      }
      case 'map': {
        const read = item(mapValue(shape));
        return (value) => {
          const result: CborMap = Object.create(null);
          for (const [key, element] of Object.entries(mapOf(value)))
            result[key] = element === null ? null : read(element);
          return result;
        };
      }
      default:
        return scalarReader(shape);
    }
  }

  function structure(shape: Resolved, keep: Keep): CborReader {
    const members = membersOf(model, shape)
      .filter((member) => keep(member.shape))
      .map((member) => ({ name: member.name, key: member.shape.locationName ?? member.name, read: item(member.ref) }));
    return (value) => {
      const source = mapOf(value);
      const result: CborMap = {};
      for (const member of members) {
        const element = source[member.key];
        if (element !== undefined && element !== null) result[member.name] = member.read(element);
      }
      return result;
    };
  }

  return { item, structure };
}

/** Decoded maps have no prototype: no inherited name can be found in them. */
function mapOf(value: unknown): CborMap {
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== null)
    mismatch(value, 'structure');
  return value as CborMap;
}

function scalarReader(shape: Resolved): CborReader {
  const { type } = shape;
  switch (type) {
    case 'string':
    case 'character':
      return (value) => (typeof value === 'string' ? value : mismatch(value, type));
    case 'boolean':
      return (value) => (typeof value === 'boolean' ? value : mismatch(value, type));
    case 'blob':
      return (value) => (Buffer.isBuffer(value) ? value : mismatch(value, type));
    case 'float':
    case 'double':
    case 'bigdecimal':
      return (value) =>
        typeof value === 'number' || typeof value === 'bigint' ? Number(value) : mismatch(value, type);
    case 'timestamp':
      return (value) => {
        if (value instanceof CborTimestamp) return timestampOfSeconds(value.seconds);
        // Without its tag a number of seconds is still plain enough.
        return typeof value === 'number' ? timestampOfSeconds(value) : mismatch(value, type);
      };
    default:
      return integerReader(type);
  }
}

function integerReader(type: string): CborReader {
  const isLong = type === 'long' || type === 'biginteger';
  return (value) => {
    if (typeof value === 'number' && isInRange(type, value)) return value;
    if (isLong && typeof value === 'bigint' && BigInt.asIntN(64, value) === value) return value;
    return mismatch(value, type);
  };
}

function mismatch(value: unknown, type: string): never {
  if (Array.isArray(value)) malformed('Start of list found where not expected');
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null) {
    malformed('Start of structure or map found where not expected.');
  }
  malformed(`The value can not be converted to ${withArticle(type)}`);
}

function writers(model: ServiceModel): {
  item(ref: ShapeRef): CborItemWriter;
  structure(shape: Resolved, keep: Keep): CborItemWriter;
} {
  const item = memoized<CborItemWriter>(
    (ref) => compile(resolve(model, ref)),
    (slot) => (value, out) => slot()(value, out),
  );

  function compile(shape: Resolved): CborItemWriter {
    switch (shape.type) {
      case 'structure':
        return structure(shape, () => true);
      case 'list': {
        const write = item(listMember(shape));
        return (value, out) => {
          const elements = value as readonly unknown[];
          out.head(4, elements.length);
          for (const element of elements) {
            if (element === null || element === undefined) out.null();
            else write(element, out);
          }
        };
      }
      case 'map': {
        const write = item(mapValue(shape));
        return (value, out) => {
          const entries = Object.entries(value as CborMap).filter(([, element]) => element !== undefined);
          out.head(5, entries.length);
          for (const [key, element] of entries) {
            out.text(key);
            if (element === null) out.null();
            else write(element, out);
          }
        };
      }
      default:
        return scalarWriter(shape);
    }
  }

  function structure(shape: Resolved, keep: Keep): CborItemWriter {
    const members = membersOf(model, shape)
      .filter((member) => keep(member.shape))
      .map((member) => ({ name: member.name, key: member.shape.locationName ?? member.name, write: item(member.ref) }));
    return (value, out) => {
      const source = value as CborMap;
      const present = members.filter(({ name }) => source[name] !== undefined && source[name] !== null);
      out.head(5, present.length);
      for (const member of present) {
        out.text(member.key);
        member.write(source[member.name], out);
      }
    };
  }

  return { item, structure };
}

/** Handlers give the types of the contract (protocol.ts), hence the casts. */
function scalarWriter(shape: Resolved): CborItemWriter {
  switch (shape.type) {
    case 'string':
    case 'character':
      return (value, out) => out.text(value as string);
    case 'boolean':
      return (value, out) => out.boolean(value as boolean);
    case 'blob':
      return (value, out) => out.blob(value as Uint8Array);
    case 'float':
      return (value, out) => out.float(value as number);
    case 'double':
    case 'bigdecimal':
      return (value, out) => out.double(value as number);
    case 'timestamp':
      return (value, out) => out.timestamp(value as number);
    default:
      return (value, out) => out.integer(value as number | bigint);
  }
}
