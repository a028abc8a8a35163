import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { describeAddress, parseStoreAddress, StoreAddressError, withPassword } from '#platform/store/store-address.ts';

test('an address has what its URL says, and libpq\u2019s defaults', () => {
  const plain = { port: 5432, password: undefined, schema: 'makonis', tls: undefined };
  const socket = { ...plain, host: '/var/run/postgresql', user: 'makonis', database: 'makonis' };
  assert.deepEqual(parseStoreAddress('postgres://'), socket);
  assert.deepEqual(parseStoreAddress('postgresql:///rows'), { ...socket, database: 'rows' });
  assert.deepEqual(parseStoreAddress('postgres://cloud@/rows?host=/tmp/sockets&port=5433'), {
    ...socket,
    host: '/tmp/sockets',
    port: 5433,
    user: 'cloud',
    database: 'rows',
  });
  assert.deepEqual(parseStoreAddress('postgres://cloud:p%40%3A@127.0.0.1:5433/rows?schema=farm'), {
    host: '127.0.0.1',
    port: 5433,
    user: 'cloud',
    database: 'rows',
    password: 'p@:',
    schema: 'farm',
    tls: undefined,
  });
  assert.equal(parseStoreAddress('postgres://cloud@[::1]/').host, '::1');
});

test('several hosts are one primary and its standbys', () => {
  const serversOf = (text: string) => {
    const { host, port, others = [] } = parseStoreAddress(text);
    return [{ host, port }, ...others].map((server) => `${server.host} ${server.port}`);
  };
  const all = '?target_session_attrs=read-write&sslmode=disable';
  assert.deepEqual(serversOf(`postgres://cloud@db1:5433,db2/rows${all}`), ['db1 5433', 'db2 5432']);
  assert.deepEqual(serversOf(`postgres://[::1]:5433,[::2]:5434/rows${all}`), ['::1 5433', '::2 5434']);
  assert.deepEqual(serversOf(`postgres:///rows${all}&host=db1,db2&port=5433`), ['db1 5433', 'db2 5433']);
  assert.deepEqual(serversOf(`postgres:///rows${all}&host=db1,db2&port=5433,5434`), ['db1 5433', 'db2 5434']);
  assert.deepEqual(serversOf(`postgres://db1,db2/rows${all}&port=5433`), ['db1 5433', 'db2 5433']);
  assert.throws(() => parseStoreAddress('postgres://db1,db2/rows?target_session_attrs=any'), /read-write or primary/);
  assert.throws(() => parseStoreAddress(`postgres://db1,db2,db3/rows${all}&port=1,2`), /port: expected one/);
  const described = describeAddress(parseStoreAddress(`postgres://db1,db2/rows${all}`));
  assert.equal(described, 'PostgreSQL at db1:5432 or db2:5432, database rows, schema makonis, user makonis');
  assert.deepEqual(parseStoreAddress('postgres://localhost,db2/rows').tls, { verifies: 'name' });
  const known = withPassword(parseStoreAddress(`postgres://db1,db2/rows${all}`), { PGPASSWORD: 'word' });
  assert.deepEqual([known.password, known.others?.[0]?.password], ['word', 'word']);
});

test('across a network the server has to prove its name, unless it is said otherwise', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'makonis-address-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const ca = join(folder, 'ca.pem');
  writeFileSync(ca, 'PEM');
  const tlsOf = (parameters: string) => parseStoreAddress(`postgres://db.example/rows${parameters}`).tls;
  assert.deepEqual(tlsOf(''), { verifies: 'name' });
  assert.deepEqual(tlsOf(`?sslmode=verify-ca&sslrootcert=${ca}`), { verifies: 'authority', authorities: 'PEM' });
  assert.deepEqual(tlsOf('?sslmode=require'), { verifies: 'nothing' });
  assert.equal(tlsOf('?sslmode=disable'), undefined);
  assert.throws(() => tlsOf('?sslmode=prefer'), /expected one of disable, require, verify-ca, verify-full/);
  assert.throws(() => tlsOf('?sslrootcert=/nowhere'), /sslrootcert: ENOENT/);
});

test('what is no address is refused, and no message shows a password', () => {
  const refused = (text: string, message: RegExp) => {
    const isFit = (error: unknown): boolean =>
      error instanceof StoreAddressError && message.test(error.message) && !error.message.includes('secret');
    assert.throws(() => parseStoreAddress(text), isFit);
  };
  refused('mysql://cloud:secret@db.example/rows', /expected postgres:/);
  refused('postgres://cloud:secret@db.example:port/rows', /expected postgres:/);
  refused('postgres://cloud:secret@db.example/rows?sslmod=require', /unknown parameter sslmod/);
  refused('postgres://cloud:secret@db.example/rows?schema=Robert"); DROP', /schema: expected small letters/);
  assert.equal(
    describeAddress(parseStoreAddress('postgres://cloud:secret@db.example/rows')),
    'PostgreSQL at db.example:5432, database rows, schema makonis, user cloud',
  );
});
