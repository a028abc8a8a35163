// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables are written like template strings
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileCondition, isOperator } from '#platform/policy/conditions.ts';

type Values = string | readonly string[] | undefined;
type Row = readonly [operator: string, expected: string | readonly string[], actual: Values, holds: boolean];

const KEY = 'test:Key';

function check(rows: readonly Row[], others: Readonly<Record<string, Values>> = {}): void {
  for (const [operator, expected, actual, holds] of rows) {
    const values = typeof expected === 'string' ? [expected] : expected;
    const condition = compileCondition(operator, KEY, values, true);
    const context = (key: string): Values => (key === KEY.toLowerCase() ? actual : others[key]);
    assert.equal(condition(context), holds, `${operator} ${JSON.stringify(expected)} on ${JSON.stringify(actual)}`);
  }
}

test('strings', () => {
  check([
    ['StringEquals', 'bob', 'bob', true],
    ['StringEquals', 'bob', 'Bob', false],
    ['StringEquals', 'b*', 'bob', false],
    ['StringEquals', ['al', 'bob'], 'bob', true],
    ['StringNotEquals', ['al', 'bob'], 'bob', false],
    ['StringNotEquals', ['al', 'bob'], 'carl', true],
    ['StringEqualsIgnoreCase', 'BOB', 'bob', true],
    ['StringNotEqualsIgnoreCase', 'BOB', 'bob', false],
    ['StringLike', 'b*', 'bob', true],
    ['StringLike', ['', 'home/'], '', true],
    ['StringNotLike', 'b?b', 'bob', false],
  ]);
});

test('numbers, dates, booleans and bytes', () => {
  check([
    ['NumericEquals', '10', '10.0', true],
    ['NumericEquals', 'x', 'x', false],
    ['NumericNotEquals', '10', '11', true],
    ['NumericLessThan', '10', '9.5', true],
    ['NumericLessThanEquals', '10', '10', true],
    ['NumericLessThanEquals', ['10', '20'], '15', true],
    ['NumericGreaterThan', '10', '10', false],
    ['NumericGreaterThanEquals', '-1', '-1', true],
    ['DateGreaterThan', '2020-01-01T00:00:01Z', '2020-01-01T00:00:02Z', true],
    ['DateLessThan', '2020-01-01', '2019-12-31T23:59:59Z', true],
    ['DateEquals', '1577836800', '2020-01-01T00:00:00Z', true],
    ['DateEquals', '2020-01-01T01:00:00+01:00', '2020-01-01T00:00:00Z', true],
    ['DateNotEquals', '2020-01-01', '2020-01-01T00:00:00Z', false],
    ['DateLessThanEquals', 'tomorrow', '2020-01-01T00:00:00Z', false],
    ['Bool', 'true', 'TRUE', true],
    ['Bool', 'false', 'true', false],
    ['BinaryEquals', 'QmluYXJ5VmFsdWVJbkJhc2U2NA==', 'QmluYXJ5VmFsdWVJbkJhc2U2NA==', true],
    ['BinaryEquals', 'Ym9i', 'YWJj', false],
  ]);
});

test('addresses and ARNs', () => {
  const topic = 'arn:aws:sns:us-east-1:111111111111:topic';
  check([
    ['IpAddress', '203.0.113.0/24', '203.0.113.9', true],
    ['NotIpAddress', ['203.0.113.0/24', '2001:db8::/32'], '2001:db8::1', false],
    ['NotIpAddress', '203.0.113.0/24', '198.51.100.1', true],
    ['ArnEquals', 'arn:aws:sns:*:111111111111:*', topic, true],
    ['ArnLike', 'arn:aws:sns:*', topic, false],
    ['ArnNotEquals', topic, topic, false],
    ['ArnNotLike', 'arn:aws:sqs:*:*:*', topic, true],
  ]);
});

test('a key that the request lacks', () => {
  check([
    ['StringEquals', 'bob', undefined, false],
    ['StringNotEquals', 'bob', undefined, true],
    ['NumericNotEquals', '1', undefined, true],
    ['ArnNotLike', '*', undefined, true],
    ['NotIpAddress', '0.0.0.0/0', undefined, true],
    ['Bool', 'false', undefined, false],
    ['StringEqualsIfExists', 'bob', undefined, true],
    ['StringEqualsIfExists', 'bob', 'al', false],
    ['StringNotEqualsIfExists', 'bob', 'bob', false],
    ['BoolIfExists', 'true', undefined, true],
    ['ForAllValues:StringEquals', 'bob', undefined, true],
    ['ForAllValues:StringEquals', 'bob', [], true],
    ['ForAllValues:StringEquals', 'bob', '', true],
    ['ForAnyValue:StringEquals', 'bob', undefined, false],
    ['ForAnyValue:StringNotEquals', 'bob', undefined, false],
    ['ForAnyValue:StringEqualsIfExists', 'bob', undefined, false],
    ['Null', 'true', undefined, true],
    ['Null', 'true', 'x', false],
    ['Null', 'false', undefined, false],
    ['Null', 'false', '', true],
  ]);
});

test('keys with several values (the DynamoDB attributes of the User Guide)', () => {
  const listed = ['PostDateTime', 'Message', 'Tags'];
  check([
    ['ForAllValues:StringEquals', listed, ['PostDateTime', 'Tags'], true],
    ['ForAllValues:StringEquals', listed, ['PostDateTime', 'UserName'], false],
    ['ForAnyValue:StringEquals', listed, ['PostDateTime', 'UserName'], true],
    ['ForAnyValue:StringEquals', listed, ['UserName'], false],
    ['ForAllValues:StringNotEquals', listed, ['UserName', 'ID'], true],
    ['ForAllValues:StringNotEquals', listed, ['UserName', 'Tags'], false],
    ['ForAnyValue:StringNotEquals', listed, ['UserName', 'Tags'], true],
    ['ForAnyValue:StringNotEquals', listed, ['Message', 'Tags'], false],
    ['ForAnyValue:StringLike', 'Post*', ['UserName', 'PostDateTime'], true],
    ['StringNotEquals', listed, ['UserName', 'Tags'], false],
  ]);
});

test('policy variables', () => {
  const others = { 'aws:username': 'bob', 'aws:principaltag/team': '*', 'aws:tagkeys': ['a', 'b'] };
  check(
    [
      ['StringEquals', '${aws:username}', 'bob', true],
      ['StringLike', 'home/${AWS:UserName}/*', 'home/bob/x', true],
      ['StringLike', '${aws:PrincipalTag/team}', 'anything', false],
      ['StringLike', '${aws:PrincipalTag/team}', '*', true],
      ['StringEquals', "${aws:PrincipalTag/none, 'blue'}", 'blue', true],
      ['StringEquals', '${aws:none}', '', false],
      ['StringNotEquals', '${aws:none}', 'bob', true],
      ['StringEquals', '${aws:TagKeys}', 'a', false],
      ['StringLike', 'a${*}c', 'abc', false],
      ['StringLike', 'a${*}c', 'a*c', true],
      ['StringEquals', '${$}{x}', '${x}', true],
      ['NumericEquals', '${aws:username}', 'bob', false],
      ['StringEquals', '${open', '${open', true],
    ],
    others,
  );
  const old = compileCondition('StringEquals', KEY, ['${aws:username}'], false);
  assert.equal(
    old(() => 'bob'),
    false,
  );
  assert.equal(
    old(() => '${aws:username}'),
    true,
  );
});

test('operator names', () => {
  for (const name of ['StringEquals', 'ForAnyValue:ArnLikeIfExists', 'Null', 'stringequals']) {
    assert.equal(isOperator(name), true, name);
  }
  for (const name of [
    '',
    'StringEqual',
    'NullIfExists',
    'ForAllValues:Null',
    'ForSome:StringLike',
    'IfExists',
    'a:b:c',
  ]) {
    assert.equal(isOperator(name), false, name);
  }
});
