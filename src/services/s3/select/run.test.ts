import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CsvInput } from '#services/s3/select/csv.ts';
import { SelectError, type SelectErrorCode } from '#services/s3/select/errors.ts';
import { patternMatcher } from '#services/s3/select/evaluate.ts';
import { openQuery, type SelectRequest } from '#services/s3/select/run.ts';

const CSV: CsvInput = {
  recordDelimiter: '\n',
  fieldDelimiter: ',',
  quote: '"',
  quoteEscape: '"',
  comments: '#',
  allowsQuotedDelimiters: false,
  header: 'USE',
};
const PEOPLE = 'name,Age,city\n# nobody\nAda,36,London\nGrace,85,"New York, NY"\nAlan,41,\n';
const ORDERS =
  '{"id":1,"items":[{"sku":"a","n":2},{"sku":"b","n":3}]}\n{"id":2,"total":9007199254740993,"note":null}\n';

type Changes = Partial<Omit<SelectRequest, 'expression'>>;

function ask(text: string, expression: string, changes: Changes, size = text.length): string {
  const query = openQuery({
    expression,
    input: { kind: 'CSV', ...CSV },
    output: { kind: 'JSON', recordDelimiter: '\n' },
    compression: 'NONE',
    now: Date.UTC(2026, 0, 31, 12),
    ...changes,
  });
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) if (!query.push(bytes.subarray(at, at + size))) break;
  query.finish();
  return query.take();
}

const csv = (expression: string, changes: Changes = {}) => ask(PEOPLE, expression, changes);
const json = (expression: string, text = ORDERS, changes: Changes = {}) =>
  ask(text, expression, { input: { kind: 'JSON', type: 'LINES' }, ...changes });
const csvOutput = {
  kind: 'CSV',
  recordDelimiter: '\n',
  fieldDelimiter: ',',
  quote: '"',
  quoteEscape: '"',
  quotesAlways: false,
} as const;

/** The value of an expression. */
const resultOf = (expression: string): string => csv(`SELECT ${expression} AS v FROM S3Object LIMIT 1`).trim();
const refused = (code: SelectErrorCode) => (error: unknown) => error instanceof SelectError && error.code === code;

test('columns by name, by position, under another name', () => {
  assert.equal(csv('SELECT * FROM S3Object s LIMIT 1'), '{"name":"Ada","Age":"36","city":"London"}\n');
  assert.equal(csv("select s.NAME, age from s3object s where s._3 like 'New%'"), '{"NAME":"Grace","age":"85"}\n');
  assert.equal(csv('SELECT "Age" a, _1 FROM S3Object WHERE name = \'Alan\''), '{"a":"41","_1":"Alan"}\n');
  assert.equal(
    csv('SELECT s.* FROM S3Object AS s WHERE s.age > 80'),
    '{"name":"Grace","Age":"85","city":"New York, NY"}\n',
  );
  const input = { kind: 'CSV', ...CSV, header: 'IGNORE' } as const;
  assert.equal(csv('SELECT _1, _9 FROM S3Object LIMIT 1', { input }), '{"_1":"Ada"}\n');
  assert.throws(() => csv('SELECT "age" FROM S3Object'), refused('MissingHeaders'));
  assert.throws(() => ask('a,A\n1,2\n', 'SELECT a FROM S3Object', {}), refused('AmbiguousFieldName'));
});

test('conditions know true, false and unknown', () => {
  const names = (where: string) =>
    csv(`SELECT name FROM S3Object s WHERE ${where}`, { output: csvOutput }).trim().split('\n').join(' ');
  assert.equal(names("age BETWEEN 36 AND 41 AND NOT city = 'London'"), 'Alan');
  assert.equal(names("name IN ('Ada', 'Grace') OR FALSE"), 'Ada Grace');
  assert.equal(names('s._9 IS MISSING AND s._9 IS NULL AND city IS NOT NULL'), 'Ada Grace Alan');
  assert.equal(names('s._9 = 1 OR s._9 <> 1 OR NOT s._9 = 1'), '');
  assert.equal(names("name LIKE 'A_a%' ESCAPE '!'"), 'Ada Alan');
  assert.equal(names("CASE name WHEN 'Ada' THEN TRUE ELSE age > 80 END"), 'Ada Grace');
});

test('functions and arithmetic', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['1 + 2 * 3 - 4 / 3', '6'],
    ['7 % 4 + 0.5', '3.5'],
    ["CAST('9007199254740993' AS INT) + 1", '9007199254740994'],
    ["CAST(' 1.5 ' AS DECIMAL(3, 1))", '1.5'],
    ["CAST('12345678901234567890.123456789' AS DECIMAL)", '12345678901234567890.123456789'],
    ['0.1 + 0.2', '0.3'],
    ['0.10 = 0.1', 'true'],
    ["'0.30' = 0.1 + 0.2", 'true'],
    ["CAST('0.1' AS FLOAT) + 0.2", '0.30000000000000004'],
    ['CAST(CAST(0.1 AS FLOAT) AS DECIMAL)', '0.1'],
    ['CAST(-1.9 AS INT)', '-1'],
    ['1.0 / 3', `0.${'3'.repeat(38)}`],
    ['CAST(0.0 AS BOOL)', 'false'],
    ['18446744073709551616 - 0.5', '18446744073709551615.5'],
    ['CAST(1.9 AS INT)', '1'],
    ["CAST('TRUE' AS BOOL)", 'true'],
    ["'a' || 'b' || 3", '"ab3"'],
    ["CHAR_LENGTH('日本')", '2'],
    ["UPPER(SUBSTRING('hello' FROM 2 FOR 3))", '"ELL"'],
    ["SUBSTRING('hello', 0, 3)", '"he"'],
    ["TRIM('  x ')", '"x"'],
    ["TRIM(LEADING '0' FROM '0070')", '"70"'],
    ["COALESCE(NULL, MISSING, 'x')", '"x"'],
    ['NULLIF(1, 1.0)', 'null'],
    [
      "TO_STRING(CAST('2024-02-29T13:05:09.250Z' AS TIMESTAMP), 'MMMM d, y h:mm a SSS X')",
      '"February 29, 2024 1:05 PM 250 Z"',
    ],
    ["DATE_ADD(month, 1, CAST('2024-01-31T' AS TIMESTAMP))".replace('-31T', '-31'), '"2024-02-29T00:00:00Z"'],
    ["DATE_DIFF(month, CAST('2024-01-31' AS TIMESTAMP), CAST('2024-02-29' AS TIMESTAMP))", '1'],
    ["TO_TIMESTAMP('2024-01-01T00:00:00.123456789Z')", '"2024-01-01T00:00:00.123456789Z"'],
    ["TO_TIMESTAMP('2024-01-01T00:00:00.1234-07:00')", '"2024-01-01T00:00:00.123400-07:00"'],
    ["TO_TIMESTAMP('2024-01-01T00:00:00.000001Z') > TO_TIMESTAMP('2024-01-01')", 'true'],
    ["TO_STRING(TO_TIMESTAMP('2024-01-01T00:00:00.0012345Z'), 'SSSSSS n')", '"001234 1234500"'],
    ["DATE_DIFF(second, TO_TIMESTAMP('2024-01-01T00:00:00.0000001Z'), TO_TIMESTAMP('2024-01-01T00:00:01Z'))", '0'],
    ["DATE_DIFF(month, TO_TIMESTAMP('2024-01-01T00:00:00.0000001Z'), TO_TIMESTAMP('2024-02-01'))", '0'],
    ["DATE_DIFF(day, TO_TIMESTAMP('2024-01-01'), TO_TIMESTAMP('2024-03-01'))", '60'],
    ["EXTRACT(timezone_hour FROM TO_TIMESTAMP('2024-01-01T00:00:00-07:00'))", '-7'],
    ['UTCNOW()', '"2026-01-31T12:00:00Z"'],
    ['CASE WHEN 1 > 2 THEN 1 WHEN NULL THEN 2 END', 'null'],
    ['-(-2)', '2'],
  ];
  for (const [expression, expected] of cases) assert.equal(resultOf(expression), `{"v":${expected}}`, expression);
});

test('aggregate functions', () => {
  assert.equal(
    csv('SELECT COUNT(*), SUM(CAST(age AS INT)) AS total, AVG(s.age), MIN(name), MAX(age) m FROM S3Object s'),
    '{"_1":3,"total":162,"_3":54,"_4":"Ada","m":85}\n',
  );
  assert.equal(csv("SELECT COUNT(*) AS n, SUM(age) AS s FROM S3Object WHERE name = 'X'"), '{"n":0,"s":null}\n');
  assert.equal(csv('SELECT SUM(age) / COUNT(*) + 1 AS v FROM S3Object'), '{"v":55}\n');
  assert.equal(
    ask('a\n0.1\n0.2\n0.30\n', 'SELECT SUM(a) AS s, AVG(CAST(a AS DECIMAL)) AS m, MAX(a) FROM S3Object', {}),
    '{"s":0.60,"m":0.20,"_3":0.30}\n',
  );
  assert.throws(() => csv('SELECT name, COUNT(*) FROM S3Object'), refused('UnsupportedSqlStructure'));
});

test('paths into JSON', () => {
  assert.equal(json('SELECT s.id, s.items[0].sku FROM S3Object[*] s'), '{"id":1,"sku":"a"}\n{"id":2}\n');
  assert.equal(json("SELECT n FROM S3Object[*].items[*] i WHERE i.sku = 'b'"), '{"n":3}\n');
  assert.equal(json('SELECT sku FROM S3Object[*].items[*].sku'), '{"sku":"a"}\n{"sku":"b"}\n{}\n');
  assert.equal(
    json('SELECT * FROM S3Object s WHERE s.total > 9007199254740992'),
    '{"id":2,"total":9007199254740993,"note":null}\n',
  );
  assert.equal(json("SELECT s['items'][1] x FROM S3Object s LIMIT 1"), '{"x":{"sku":"b","n":3}}\n');
  const input = { kind: 'JSON', type: 'DOCUMENT' } as const;
  const document = '[\n {"a": "x}"},\n {"a": 2}\n] "text" 7';
  assert.equal(json('SELECT a FROM S3Object[*][*] s', document, { input }), '{"a":"x}"}\n{"a":2}\n{}\n{}\n');
  assert.equal(json('SELECT * FROM S3Object s WHERE s.a.b.c IS MISSING', '{"a":1}', { input }), '{"a":1}\n');
  const long = '{"a":[0.1234567890123456789012345,1e2],"b":123456789012345678901234567890.5}';
  assert.equal(json('SELECT * FROM S3Object', `${long}\n`), `${long.replace('1e2', '100')}\n`);
  const odd = '{"milliseconds":"x","offsetMinutes":1}';
  assert.equal(json('SELECT * FROM S3Object', `${odd}\n`), `${odd}\n`);
  assert.throws(() => json('SELECT * FROM S3Object', '{"a":}\n'), refused('JSONParsingError'));
});

test('CSV in other clothes', () => {
  const input = {
    kind: 'CSV',
    ...CSV,
    header: 'NONE',
    recordDelimiter: ';',
    fieldDelimiter: '\t',
    quote: "'",
    quoteEscape: '\\',
  } as const;
  assert.equal(
    ask("a\t'it\\'s'\t;b\t'x\ty'\t2;", 'SELECT _2 FROM S3Object', { input }),
    '{"_2":"it\'s"}\n{"_2":"x\\ty"}\n',
  );
  const multi = { kind: 'CSV', ...CSV, allowsQuotedDelimiters: true } as const;
  assert.equal(ask('a,b\n1,"x\ny ""z"""\n', 'SELECT b FROM S3Object', { input: multi }), '{"b":"x\\ny \\"z\\""}\n');
  assert.throws(() => ask('a\n"x\n', 'SELECT a FROM S3Object', {}), refused('CSVParsingError'));
  assert.equal(ask('a,b\r\n1,2\r\n', 'SELECT b FROM S3Object', {}), '{"b":"2"}\n');
  assert.equal(csv('SELECT city, age FROM S3Object', { output: csvOutput }), 'London,36\n"New York, NY",85\n,41\n');
  assert.equal(csv('SELECT name FROM S3Object LIMIT 1', { output: { ...csvOutput, quotesAlways: true } }), '"Ada"\n');
});

test('what is not of the dialect is refused', () => {
  const cases: readonly (readonly [string, SelectErrorCode])[] = [
    ['UPDATE S3Object', 'ParseExpectedKeyword'],
    ['SELECT', 'ParseExpectedExpression'],
    ['SELECT * FROM orders', 'InvalidDataSource'],
    ['SELECT *, name FROM S3Object', 'ParseAsteriskIsNotAloneInSelectList'],
    ['SELECT name', 'ParseSelectMissingFrom'],
    ['SELECT * FROM S3Object GROUP BY name', 'UnsupportedSqlStructure'],
    ['SELECT * FROM S3Object a, S3Object b', 'UnsupportedSqlStructure'],
    ['SELECT * FROM S3Object LIMIT -1', 'ParseExpectedNumber'],
    ['SELECT * FROM S3Object; DROP TABLE x', 'ParseUnexpectedToken'],
    ['SELECT DISTINCT name FROM S3Object', 'ParseUnsupportedSelect'],
    ['SELECT t.* FROM S3Object s', 'InvalidTableAlias'],
    ["SELECT read_csv('/etc/passwd') FROM S3Object", 'UnsupportedFunction'],
    ['SELECT LOWER(name, name) FROM S3Object', 'EvaluatorInvalidArguments'],
    ['SELECT SUM(age, age) FROM S3Object', 'ParseNonUnaryAgregateFunctionCall'],
    ['SELECT * FROM S3Object WHERE COUNT(*) > 1', 'UnsupportedSqlOperation'],
    ["SELECT 'open FROM S3Object", 'LexerInvalidLiteral'],
    ['SELECT ? FROM S3Object', 'LexerInvalidChar'],
    ['SELECT CAST(name AS blob) FROM S3Object', 'ParseExpectedTypeName'],
    [`SELECT ${'('.repeat(1000)}1${')'.repeat(1000)} FROM S3Object`, 'UnsupportedSqlStructure'],
    [`SELECT '${'x'.repeat(256 * 1024)}' FROM S3Object`, 'ExpressionTooLong'],
    ['SELECT CAST(name AS INT) FROM S3Object', 'CastFailed'],
    ['SELECT name + 1 FROM S3Object', 'InvalidDataType'],
    ['SELECT 9223372036854775807 + 1 FROM S3Object', 'IntegerOverflow'],
    ['SELECT 1 / 0 FROM S3Object', 'NumberFormatError'],
    ["SELECT TO_TIMESTAMP('soon') FROM S3Object", 'ValueParseFailure'],
    ["SELECT TO_STRING(UTCNOW(), 'Q') FROM S3Object", 'EvaluatorInvalidTimestampFormatPattern'],
    ["SELECT * FROM S3Object WHERE name LIKE '!' ESCAPE '!'", 'EvaluatorLikePatternInvalidEscapeSequence'],
    ['SELECT DATE_ADD(fortnight, 1, UTCNOW()) FROM S3Object', 'ParseExpectedDatePart'],
  ];
  for (const [expression, code] of cases) assert.throws(() => csv(expression), refused(code), expression.slice(0, 80));
});

test('where bytes are cut does not matter', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.boolean(), (size, isJson) => {
      const input = isJson ? ({ kind: 'JSON', type: 'DOCUMENT' } as const) : ({ kind: 'CSV', ...CSV } as const);
      const [text, expression] = isJson
        ? [ORDERS, 'SELECT * FROM S3Object[*].items[*]']
        : [`${PEOPLE}é,ü,日\n`, 'SELECT * FROM S3Object'];
      assert.equal(ask(text, expression, { input }, size), ask(text, expression, { input }));
    }),
  );
});

test('ranges that meet read each record once', () => {
  const text = Array.from({ length: 50 }, (_, index) => `${index},${'é'.repeat(index % 7)}\n`).join('');
  const whole = Buffer.from(text);
  const input = { kind: 'CSV', ...CSV, header: 'NONE' } as const;
  fc.assert(
    fc.property(fc.integer({ min: 1, max: whole.length - 2 }), (cut) => {
      const part = (start: number, end: number) => {
        const from = Math.max(start - 1, 0);
        const scan = { skipsFirst: start > 0, lastStart: end - from };
        return ask(whole.subarray(from).toString(), 'SELECT _1 FROM S3Object', { input, output: csvOutput, scan });
      };
      // A cut within a letter would not be text any more.
      fc.pre(whole.subarray(Math.max(cut, 0)).toString().codePointAt(0) !== 0xfffd);
      fc.pre(
        whole
          .subarray(cut + 1)
          .toString()
          .codePointAt(0) !== 0xfffd &&
          whole
            .subarray(cut - 1)
            .toString()
            .codePointAt(0) !== 0xfffd,
      );
      assert.equal(
        part(0, cut) + part(cut + 1, whole.length),
        Array.from({ length: 50 }, (_, index) => `${index}\n`).join(''),
      );
    }),
  );
});

test('a pattern costs text times pattern, and no more', () => {
  const matches = patternMatcher('%a%a%a%a%a%a%a%a%b', '');
  assert.equal(matches('a'.repeat(20_000)), false);
  assert.equal(patternMatcher('%', '')(''), true);
  assert.equal(patternMatcher('a!%%', '!')('a%b'), true);
});

test('a query names the columns that it looks at', () => {
  const names = ['id', 'Name', 'name', 'items'];
  const reads = (expression: string): readonly string[] => {
    const input = { kind: 'Parquet', bytes: 0 } as const;
    const output = { kind: 'JSON', recordDelimiter: '\n' } as const;
    return openQuery({ expression, input, output, compression: 'NONE', now: 0 }).reads(names);
  };
  assert.deepEqual(reads('SELECT * FROM S3Object'), names);
  assert.deepEqual(reads('SELECT s FROM S3Object s'), names);
  assert.deepEqual(reads("SELECT s.ID, MISSING_ONE FROM S3Object s WHERE s.items[0].name LIKE 'a'"), ['id', 'items']);
  assert.deepEqual(reads('SELECT "name" FROM S3Object'), ['name']);
  assert.deepEqual(reads('SELECT SUM(CASE WHEN name = 1 THEN id END) FROM S3Object'), ['id', 'Name', 'name']);
  assert.deepEqual(reads('SELECT COUNT(*) FROM S3Object'), []);
});
