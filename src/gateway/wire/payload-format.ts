/**
 * A body's format apart from the HTTP bindings around it, so that REST protocols and event streams share one binding
 * each: JSON and XML here, CBOR in rpc-v2-cbor.ts.
 */
import { gatheredText } from '#gateway/wire/gathered-text.ts';
import { jsonDecoder, textOf } from '#gateway/wire/json-decode.ts';
import { jsonEncoder } from '#gateway/wire/json-encode.ts';
import { type Resolved, resolve, rootNameOf } from '#gateway/wire/shapes.ts';
import { xmlDecoder } from '#gateway/wire/xml-decode.ts';
import { type NameOf, xmlEncoder } from '#gateway/wire/xml-encode.ts';
import { parseXml } from '#gateway/wire/xml-parse.ts';
import type { ServiceModel, ShapeRef } from '#platform/model/schema.ts';

export interface PayloadFormat {
  readonly contentType: string;
  /** One value that fills the body. */
  read(ref: ShapeRef): (body: Buffer) => unknown;
  write(ref: ShapeRef): (value: unknown) => string | Uint8Array;
  /** The members of a structure that belong to the body. */
  readMembers(shape: Resolved, keep: (member: Resolved) => boolean): (body: Buffer) => Record<string, unknown>;
  writeMembers(shape: Resolved, keep: (member: Resolved) => boolean): (value: unknown) => string | Uint8Array;
}

export function jsonFormat(model: ServiceModel): PayloadFormat {
  const decoder = jsonDecoder(model);
  const encoder = jsonEncoder(model);
  return {
    contentType: 'application/json',
    read(ref) {
      const read = decoder.reader(ref);
      return (body) => decoder.decode(textOf(body), read);
    },
    write: (ref) => encoder.writer(ref),
    readMembers(shape, keep) {
      const read = decoder.structure(shape, keep);
      // A structure's reader gives an object.
      return (body) => decoder.decode(textOf(body), read) as Record<string, unknown>;
    },
    writeMembers: (shape, keep) => encoder.structure(shape, keep),
  };
}

const nameOf: NameOf = (shape, name) => shape.locationName ?? name;

/** As in every sample answer of the REST services' API references. */
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';
const declared =
  (write: (value: unknown) => string) =>
  (value: unknown): string =>
    DECLARATION + write(value);

export function xmlFormat(model: ServiceModel): PayloadFormat {
  const decoder = xmlDecoder(model);
  const encoder = xmlEncoder(model, nameOf);
  const { xmlNamespace } = model.metadata;
  const inherited = xmlNamespace ? { xmlNamespace } : {};
  return {
    contentType: 'application/xml',
    read(ref) {
      const read = decoder.reader(ref);
      return (body) => read([parseXml(body)]);
    },
    write(ref) {
      const shape = resolve(model, ref);
      return declared(
        encoder.element({ ...inherited, ...ref }, shape.locationName ?? rootNameOf(model, shape) ?? shape.shape),
      );
    },
    readMembers(shape, keep) {
      const read = decoder.content(shape, keep);
      return (body) => read(parseXml(body));
    },
    writeMembers(shape, keep) {
      // An operation's reference has a name of no meaning (`XRequest`), so here the shape's own goes first.
      const name = rootNameOf(model, shape) ?? shape.locationName ?? shape.shape;
      const write = encoder.pieces({ ...inherited, ...shape }, name, keep);
      return (value) =>
        gatheredText((push) => {
          push(DECLARATION);
          write(value, push);
        });
    },
  };
}
