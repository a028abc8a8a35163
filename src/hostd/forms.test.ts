import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ipv4, list, oneOf, optional, record, text, whole } from '#hostd/forms.ts';

const form = record({
  id: text(/^i-[0-9a-f]{4}$/),
  count: whole(1, 8),
  kind: oneOf('kvm', 'tcg'),
  files: list(text(/^[a-z]+$/), 2),
  note: optional(text(/^.*$/)),
  from: optional(ipv4),
});
const good = { id: 'i-0123', count: 8, kind: 'tcg', files: ['a', 'b'], from: '10.0.0.1' };

test('what has the form is given back', () => {
  assert.deepEqual(form(good), { ...good, note: undefined });
  assert.deepEqual(form({ ...good, note: '' }), { ...good, note: '' });
});

test('what has another form is refused, whatever it is', () => {
  const bad: unknown[] = [
    null,
    [],
    'i-0123',
    {},
    { ...good, id: 'i-0123\n' },
    { ...good, id: ['i-0123'] },
    { ...good, id: { toString: 'i-0123' } },
    { ...good, count: 0 },
    { ...good, count: 1.5 },
    { ...good, count: '1' },
    { ...good, kind: 'xen' },
    { ...good, files: ['a', 'b', 'c'] },
    { ...good, files: { length: 1, 0: 'a' } },
    { ...good, files: ['../a'] },
    { ...good, note: null },
    { ...good, from: '10.0.0.1 -x' },
    { ...good, from: '::1' },
    { ...good, from: 167772161 },
    { ...good, further: 1 },
    JSON.parse('{"__proto__": 1, "id": "i-0123", "count": 8, "kind": "tcg", "files": []}'),
  ];
  for (const each of bad) assert.throws(() => form(each), { name: 'FormError' }, JSON.stringify(each));
});
