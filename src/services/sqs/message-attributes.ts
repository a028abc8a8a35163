/**
 * Message attributes: their rules, their part in a message's size, and the MD5 that SDKs check. Source: Developer Guide,
 * "Amazon SQS message metadata" and "Calculating the MD5 message digest for message attributes".
 */
import { hash } from 'node:crypto';
import type { MessageAttributeValue } from '#platform/model/generated/sqs.ts';
import { fail } from './errors.ts';
import { LEAST_NUMBER_EXPONENT, MAX_MESSAGE_ATTRIBUTES, MAX_NUMBER_DIGITS, MOST_NUMBER_EXPONENT } from './limits.ts';
import type { StoredAttribute } from './state.ts';

export type StoredAttributes = Readonly<Record<string, StoredAttribute>>;

const NAME = /^[A-Za-z0-9_.-]{1,256}$/;
const TYPE = /^(String|Number|Binary)(\..+)?$/;
/** Each character has one place in it: a megabyte of digits takes no longer than its length. */
const NUMBER = /^[+-]?(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:[eE]([+-]?\d+))?$/;
// Allowed are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF.
// biome-ignore lint/suspicious/noControlCharactersInRegex: the rule is about them.
const FORBIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;

/** Of surrogates only pairs are characters. */
export const hasForbiddenCharacters = (value: string): boolean => !value.isWellFormed() || FORBIDDEN.test(value);

function checkName(name: string): void {
  if (!NAME.test(name)) {
    fail(
      'MessageAttribute',
      'Message (user) attribute name can only contain upper and lower score characters, digits, periods, hyphens and underscores. Maximum length of 256.',
    );
  }
  if (/^(aws|amazon)\./i.test(name)) {
    fail(
      'MessageAttribute',
      `Message (user) attributes name cannot start with [AWS., Amazon.] (case-insensitive): ${name}.`,
    );
  }
  if (name.startsWith('.') || name.endsWith('.') || name.includes('..')) {
    fail('MessageAttribute', 'You can not use message attribute name starting or ending with "." or containing "..".');
  }
}

function storedForm(name: string, value: MessageAttributeValue, what: string): StoredAttribute {
  const type = value.DataType;
  if (!type) fail('MessageAttribute', `The ${what} '${name}' must contain a non-empty message attribute type.`);
  const kind = TYPE.exec(type)?.[1];
  if (kind === undefined || type.length > 256) {
    fail(
      'MessageAttribute',
      `The type of message (user) attribute '${name}' is invalid. You must use only the following supported type prefixes: Binary, Number, String.`,
    );
  }
  if (value.StringListValues?.length || value.BinaryListValues?.length) {
    fail('MessageAttribute', 'Message attribute list values in SendMessage operation are not supported.');
  }
  if (kind === 'Binary') {
    if (value.StringValue !== undefined || !value.BinaryValue?.length) return failEmpty(name, type, what);
    return { DataType: type, Binary: Buffer.from(value.BinaryValue).toString('base64') };
  }
  const content = value.StringValue;
  if (value.BinaryValue !== undefined || !content) return failEmpty(name, type, what);
  if (hasForbiddenCharacters(content)) fail('InvalidMessageContents');
  if (kind === 'Number' && !isNumber(content)) {
    fail('MessageAttribute', `Can't cast the value of message (user) attribute '${name}' to a number.`);
  }
  return { DataType: type, StringValue: content };
}

function isNumber(text: string): boolean {
  const [found, whole = '', behind, alone, exponent = '0'] = NUMBER.exec(text) ?? [];
  if (found === undefined) return false;
  const fraction = behind ?? alone ?? '';
  const digits = (whole + fraction).replace(/^0+/, '');
  let end = digits.length;
  while (digits[end - 1] === '0') end--;
  if (end === 0) return true;
  const significant = digits.slice(0, end);
  // Of the first digit that counts.
  const power = digits.length - 1 - fraction.length + Number(exponent);
  const isAtMost = power < MOST_NUMBER_EXPONENT || (power === MOST_NUMBER_EXPONENT && significant === '1');
  return significant.length <= MAX_NUMBER_DIGITS && power >= LEAST_NUMBER_EXPONENT && isAtMost;
}

const failEmpty = (name: string, type: string, what: string): never =>
  fail(
    'MessageAttribute',
    `The ${what} '${name}' must contain a non-empty value of type '${type}' in the field that belongs to its type.`,
  );

/** Checks attributes and turns them into what is stored. */
export function storedAttributes(
  given: Readonly<Record<string, MessageAttributeValue>> | undefined,
): StoredAttributes | undefined {
  if (given === undefined) return undefined;
  const names = Object.keys(given);
  if (names.length === 0) return undefined;
  if (names.length > MAX_MESSAGE_ATTRIBUTES) fail('TooManyAttributes', names.length);
  const stored: Record<string, StoredAttribute> = {};
  for (const name of names) {
    checkName(name);
    // `name` comes from the record's own keys.
    stored[name] = storedForm(name, given[name] as MessageAttributeValue, 'message (user) attribute');
  }
  return stored;
}

/** AWSTraceHeader, the one system attribute that a sender may give. */
export function traceHeaderOf(given: Readonly<Record<string, MessageAttributeValue>> | undefined): string | undefined {
  let header: string | undefined;
  for (const [name, value] of given === undefined ? [] : Object.entries(given)) {
    if (name !== 'AWSTraceHeader') fail('UnsupportedSystemAttribute', name);
    if (value.DataType !== 'String') {
      fail('MessageAttribute', `The type of message system attribute '${name}' is invalid. You must use only: String.`);
    }
    header = storedForm(name, value, 'message system attribute').StringValue;
  }
  return header;
}

/** Names, types and values count; AWSTraceHeader does not ("the size of a message system attribute doesn't count"). */
export function attributeBytes(attributes: StoredAttributes | undefined): number {
  let bytes = 0;
  for (const name in attributes) {
    const { DataType, StringValue, Binary } = attributes[name] as StoredAttribute;
    bytes += Buffer.byteLength(name) + Buffer.byteLength(DataType);
    bytes += StringValue === undefined ? Buffer.byteLength(Binary ?? '', 'base64') : Buffer.byteLength(StringValue);
  }
  return bytes;
}

export const md5Of = (content: string | Buffer): string => hash('md5', content, 'hex');

/** Sorted by name: length and bytes of name and type, 1 for text or 2 for binary, length and bytes of the value. */
export function attributesMd5(attributes: StoredAttributes | undefined): string | undefined {
  if (attributes === undefined) return undefined;
  const names = Object.keys(attributes).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  if (names.length === 0) return undefined;
  const parts: Buffer[] = [];
  const add = (bytes: Buffer): void => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    parts.push(length, bytes);
  };
  for (const name of names) {
    const { DataType, StringValue, Binary } = attributes[name] as StoredAttribute;
    add(Buffer.from(name));
    add(Buffer.from(DataType));
    parts.push(Buffer.of(Binary === undefined ? 1 : 2));
    add(Binary === undefined ? Buffer.from(StringValue ?? '') : Buffer.from(Binary, 'base64'));
  }
  return md5Of(Buffer.concat(parts));
}

export const traceHeaderMd5 = (header: string | undefined): string | undefined =>
  header === undefined ? undefined : attributesMd5({ AWSTraceHeader: { DataType: 'String', StringValue: header } });

/** Those that a receive asked for: by name, by `prefix.*`, or all (`All`, `.*`). */
export function selectedAttributes(
  attributes: StoredAttributes | undefined,
  wanted: readonly string[] | undefined,
): StoredAttributes | undefined {
  if (attributes === undefined || wanted === undefined || wanted.length === 0) return undefined;
  if (wanted.includes('All') || wanted.includes('.*')) return attributes;
  const selected: Record<string, StoredAttribute> = {};
  for (const name in attributes) {
    const isWanted = wanted.some((one) => (one.endsWith('.*') ? name.startsWith(one.slice(0, -1)) : one === name));
    if (isWanted) selected[name] = attributes[name] as StoredAttribute;
  }
  return Object.keys(selected).length === 0 ? undefined : selected;
}

export function shownAttributes(attributes: StoredAttributes): Record<string, MessageAttributeValue> {
  const shown: Record<string, MessageAttributeValue> = {};
  for (const name in attributes) {
    const { DataType, StringValue, Binary } = attributes[name] as StoredAttribute;
    shown[name] =
      Binary === undefined
        ? { DataType, StringValue: StringValue ?? '' }
        : { DataType, BinaryValue: Buffer.from(Binary, 'base64') };
  }
  return shown;
}
