import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseXml, type XmlNode } from '#gateway/wire/xml-parse.ts';

const parse = (text: string): XmlNode => parseXml(Buffer.from(text));

const REFUSED = {
  'a document type': '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
  'an external entity': '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
  'an unknown entity': '<a>&b;</a>',
  'an unended entity': '<a>&amp</a>',
  'a bare ampersand': '<a>b & c</a>',
  'a reference to no character': '<a>&#0;</a>',
  'a reference to a surrogate': '<a>&#xD800;</a>',
  'a reference beyond Unicode': '<a>&#x110000;</a>',
  'a control character': '<a>\u0001</a>',
  'no element': '  ',
  'two roots': '<a/><b/>',
  'text beside the root': '<a/>b',
  'an unclosed element': '<a><b></b>',
  'crossed elements': '<a><b></a></b>',
  'an end without a start': '</a>',
  'another prefix at the end': '<x:a></y:a>',
  'an attribute without quotes': '<a b=c/>',
  'an attribute twice': '<a b="1" b="2"/>',
  'attributes without space': '<a b="1"c="2"/>',
  'a less-than sign in an attribute': '<a b="<"/>',
  'an unclosed comment': '<a><!-- </a>',
  'an unclosed section': '<a><![CDATA[ </a>',
  'another encoding': '<?xml version="1.0" encoding="UTF-16"?><a/>',
  'an unclosed declaration': '<?xml version="1.0" encoding="UTF-8" <a/>',
} as const;

for (const [what, text] of Object.entries(REFUSED)) {
  test(`refuses ${what}`, () => assert.throws(() => parse(text), { code: 'SerializationException' }));
}

test('reads elements, attributes and text', () => {
  const root = parse(
    '\ufeff<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<!-- a -->\n' +
      '<s3:A xmlns:s3="http://b" xsi:type=\'C &amp; "D"\'>x<?pi y?><B/><!-- z --><B>1</B><![CDATA[<&>]]>\r\n&#x41;&#66;&lt;</s3:A >\n',
  );
  assert.equal(root.name, 'A');
  assert.deepEqual({ ...root.attributes }, { 'xmlns:s3': 'http://b', 'xsi:type': 'C & "D"' });
  assert.equal(root.text, 'x<&>\nAB<');
  assert.deepEqual(
    root.children.map(({ name, text }) => [name, text]),
    [
      ['B', ''],
      ['B', '1'],
    ],
  );
});

test('time grows with the length alone', () => {
  const start = performance.now();
  const attempts = [
    `<?xml version="1.0" ${'encoding="" '.repeat(100_000)}`,
    `<a ${'b '.repeat(100_000)}`,
    `<a b="${'&'.repeat(1_000_000)}"/>`,
    '<'.repeat(1_000_000),
    '<a>&#'.repeat(100_000),
    `<a>${']]>'.repeat(300_000)}`,
  ];
  for (const text of attempts) assert.throws(() => parse(text), { code: 'SerializationException' });
  assert.ok(performance.now() - start < 2000);
});
