import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kitchenCodec, requestOf } from '#gateway/wire/kitchen-sink.fixture.ts';

const decode = (body: string): Record<string, unknown> =>
  kitchenCodec('json').operation('Cook').decode(requestOf(body), {});

/** The texts of AWS's framework, as clients have seen them. */
const MESSAGES: readonly (readonly [body: string, message: string])[] = [
  ['{"Text":1}', 'NUMBER_VALUE can not be converted to a String'],
  ['{"Text":true}', 'TRUE_VALUE can not be converted to a String'],
  ['{"Text":false}', 'FALSE_VALUE can not be converted to a String'],
  ['{"Text":[]}', 'Start of list found where not expected'],
  ['{"Text":{}}', 'Start of structure or map found where not expected.'],
  ['{"Count":"1"}', 'STRING_VALUE can not be converted to an Integer'],
  ['{"Count":1.5}', 'NUMBER_VALUE can not be converted to an Integer'],
  ['{"Count":2147483648}', 'NUMBER_VALUE can not be converted to an Integer'],
  ['{"Small":128}', 'NUMBER_VALUE can not be converted to a Byte'],
  ['{"Big":9223372036854775808}', 'NUMBER_VALUE can not be converted to a Long'],
  ['{"Big":1e300}', 'NUMBER_VALUE can not be converted to a Long'],
  ['{"Flag":"true"}', 'STRING_VALUE can not be converted to a Boolean'],
  ['{"When":"2020-01-01T00:00:00Z"}', 'STRING_VALUE can not be converted to milliseconds since epoch'],
  ['{"Date":"yesterday"}', '"yesterday" is not a valid timestamp'],
  ['{"Inner":[]}', 'Start of list found where not expected'],
  ['{"Inner":"x"}', 'Unexpected value type in payload'],
  ['{"Texts":{}}', 'Start of structure or map found where not expected.'],
  ['{"Texts":"x"}', 'Expected list or null'],
  ['{"Bytes":"="}', 'The value is not valid base64'],
  ['[]', 'Start of list found where not expected'],
  ['null', 'Unexpected value type in payload'],
  ['{', ''],
  ['{"Text":"a"} x', ''],
];

for (const [body, message] of MESSAGES) {
  test(`refuses ${body}`, () => assert.throws(() => decode(body), { code: 'SerializationException', message }));
}

test('drops nulls and unknown members, keeps nulls in collections', () => {
  assert.deepEqual(decode('{"Text":null,"Unknown":{"a":[1]},"__type":"x","Texts":["a",null]}'), { Texts: ['a', null] });
  assert.deepEqual(decode(''), {});
});

test('names of the prototype are names like others', () => {
  const { ByName } = decode('{"ByName":{"__proto__":{"Text":"a"},"constructor":{}},"__proto__":{"Text":"b"}}');
  assert.deepEqual(Object.keys(ByName as object), ['__proto__', 'constructor']);
  assert.equal(Object.getPrototypeOf(ByName), null);
  assert.equal(decode('{"__proto__":{"Text":"b"}}')['Text'], undefined);
});

test('longs are exact to 64 bits', () => {
  assert.deepEqual(decode('{"Big":9007199254740991}'), { Big: 9007199254740991 });
  assert.deepEqual(decode('{"Big":9007199254740993}'), { Big: 9007199254740993n });
  assert.deepEqual(decode('{"Big":-9223372036854775808}'), { Big: -(2n ** 63n) });
  assert.deepEqual(decode('{"Big":1e18,"Ratio":9007199254740993}'), { Big: 10n ** 18n, Ratio: 9007199254740992 });
});

test('the second parse of an exact long bears deep nesting as well', () => {
  const deep = `{"Unknown":${'['.repeat(50_000)}${']'.repeat(50_000)},"Big":9007199254740993}`;
  assert.throws(() => decode(deep), { code: 'SerializationException' });
});

test('special floats and fractions of seconds', () => {
  assert.deepEqual(decode('{"Ratio":"-Infinity"}'), { Ratio: -Infinity });
  assert.deepEqual(decode('{"When":1398796238.123}'), { When: 1398796238123 });
  assert.throws(() => decode('{"Ratio":"1"}'), { message: 'STRING_VALUE can not be converted to a Double' });
});
