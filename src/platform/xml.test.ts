import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { childrenNamed, dateTimeOf, parseXml, textOf, XmlRefused } from '#platform/xml.ts';

const refused = (text: string) => assert.rejects(parseXml(text, 10_000), XmlRefused, text.slice(0, 100));

test('a document is read', async () => {
  const root = await parseXml(
    '<?xml version="1.0"?><!-- c --><a xmlns="urn:x" xmlns:y="urn:y">\n<b>o<!-- - -->n<![CDATA[e]]></b><y:b>2</y:b></a>\n',
    1000,
  );
  assert.deepEqual(childrenNamed(root, 'urn:x', 'b').map(textOf), ['one']);
  assert.deepEqual(childrenNamed(root, 'urn:y', 'b').map(textOf), ['2']);
  assert.equal(textOf(root), '');
});

test('what is no XML, or more than XML of a stranger should be, is refused', async () => {
  for (const text of [
    '',
    'text',
    '<a>',
    '<a></b>',
    '<a/><b/>',
    '<a/>text',
    '<a b=c/>',
    '<a b="1" b="2"/>',
    '<a>&unknown;</a>',
    '<!DOCTYPE a><a/>',
    '<!doctype a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>',
    '<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><a>&b;</a>',
    '<a><?php x ?></a><?x y?>',
    `${'<a>'.repeat(100)}${'</a>'.repeat(100)}`,
    `<a ${Array.from({ length: 65 }, (_, n) => `a${n}="1"`).join(' ')}/>`,
    `<a>${'x'.repeat(10_000)}</a>`,
  ]) {
    await refused(text);
  }
});

test('nothing but a refusal comes of anything', async () => {
  const piece = fc.constantFrom(
    '<',
    '>',
    '/',
    'a',
    '<a>',
    '</a>',
    '<a/>',
    '&',
    '&lt;',
    ']]>',
    '<!--',
    '-->',
    '"',
    '=',
    ' ',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 20 }), async (pieces) => {
      await parseXml(pieces.join(''), 1000).catch((error) => assert.ok(error instanceof XmlRefused, String(error)));
    }),
  );
});

test('times', () => {
  assert.equal(dateTimeOf('2026-01-31T12:00:00Z'), Date.UTC(2026, 0, 31, 12));
  assert.equal(dateTimeOf('2026-01-31T12:00:00.123+02:00'), Date.UTC(2026, 0, 31, 10) + 123);
  for (const text of ['2026-01-31', '2026-01-31T12:00:00', '2026-13-31T12:00:00Z', 'yesterday', undefined]) {
    assert.equal(dateTimeOf(text), undefined);
  }
});
