import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { systemClock } from '#platform/base/clock.ts';
import { answerTo, nameBytes, readQuestion, reversedAddress, TYPE } from '#platform/network/linux/dns.ts';
import { createForwarder, framed, unframed } from '#platform/network/linux/forwarder.ts';

const queryOf = (name: string, type: number): Buffer =>
  Buffer.concat([
    Buffer.from([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
    nameBytes(name),
    Buffer.from([0, type, 0, 1]),
  ]);

test('a question is read, and answered in the form of RFC 1035', () => {
  const query = queryOf('IP-10-0-0-5.ec2.internal', TYPE.a);
  const question = readQuestion(query);
  assert.deepEqual(question, { name: 'ip-10-0-0-5.ec2.internal', type: 1, end: query.length });
  const answer = answerTo(query, question ?? assert.fail(), [Buffer.from([10, 0, 0, 5])]);
  assert.equal(answer.toString('hex', 0, 12), '123485800001000100000000');
  assert.equal(answer.toString('hex', query.length), 'c00c000100010000003c00040a000005');
});

test('what is no plain question is none, and nothing breaks it', () => {
  const query = queryOf('a.b', TYPE.a);
  const changed = (at: number, byte: number) => Buffer.from(query).fill(byte, at, at + 1);
  assert.equal(readQuestion(changed(2, 0x81)), undefined, 'an answer');
  assert.equal(readQuestion(changed(5, 2)), undefined, 'two questions');
  assert.equal(readQuestion(changed(12, 0xc0)), undefined, 'a pointer');
  assert.equal(readQuestion(query.subarray(0, query.length - 1)), undefined, 'cut off');
  fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => void readQuestion(Buffer.from(bytes))));
  const rest = fc.uint8Array({ maxLength: 600 });
  fc.assert(fc.property(rest, (bytes) => void readQuestion(Buffer.concat([query.subarray(0, 12), bytes]))));
});

test('addresses are read backwards', () => {
  assert.equal(reversedAddress('5.1.0.10.in-addr.arpa'), '10.0.1.5');
  assert.equal(reversedAddress('x.in-addr.arpa'), undefined);
});

test('other questions go to the host’s resolver, under another number, and come back under their own', async (t) => {
  const upstream = createSocket('udp4').bind(0, '127.0.0.1');
  await once(upstream, 'listening');
  t.after(() => upstream.close());
  const numbers: number[] = [];
  upstream.on('message', (message, from) => {
    numbers.push(message.readUInt16BE());
    const forged = Buffer.from(message).fill(0xff, 0, 2);
    upstream.send(forged, from.port, from.address);
    upstream.send(Buffer.concat([message, Buffer.from('!')]), from.port, from.address);
  });
  const forward = createForwarder(systemClock, () => [`127.0.0.1:${upstream.address().port}`]);
  const query = queryOf('example.com', TYPE.aaaa);
  assert.deepEqual(await forward(query, 'udp'), Buffer.concat([query, Buffer.from('!')]));
  assert.equal(numbers.length, 1);
});

test('over TCP too', async (t) => {
  const upstream = createServer((socket) =>
    socket.on('data', (chunk: Buffer) => socket.write(framed(Buffer.concat([unframed(chunk) ?? chunk, chunk])))),
  ).listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  t.after(() => upstream.close());
  const address = upstream.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const forward = createForwarder(systemClock, () => [`127.0.0.1:${port}`]);
  const query = queryOf('example.com', TYPE.a);
  assert.deepEqual(await forward(query, 'tcp'), Buffer.concat([query, framed(query)]));
  assert.equal(await createForwarder(systemClock, () => [])(query, 'udp'), undefined);
});
