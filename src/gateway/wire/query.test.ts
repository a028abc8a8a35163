/** The Query protocols beside what the vectors say: SQS's names of old, malformed parameters, presigned requests. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { kitchenCodec, requestOf } from '#gateway/wire/kitchen-sink.fixture.ts';
import { awsQuery } from '#gateway/wire/query.ts';
import { escapeXml } from '#gateway/wire/xml-escape.ts';
import type { ServiceModel } from '#platform/model/schema.ts';

const sqs = awsQuery.compile(
  JSON.parse(readFileSync(new URL('../../../models/sqs.json', import.meta.url), 'utf8')) as ServiceModel,
);
const decodeSqs = (operation: string, body: string): unknown => sqs.operation(operation).decode(requestOf(body), {});

test("SQS's parameters have the names they had before its model left Query", () => {
  const attribute =
    'MessageAttribute.1.Name=a&MessageAttribute.1.Value.DataType=String&MessageAttribute.1.Value.StringValue=b';
  assert.deepEqual(decodeSqs('SendMessage', `Action=SendMessage&QueueUrl=q&MessageBody=x+y&${attribute}`), {
    QueueUrl: 'q',
    MessageBody: 'x y',
    MessageAttributes: Object.assign(Object.create(null), { a: { DataType: 'String', StringValue: 'b' } }),
  });
  assert.deepEqual(
    decodeSqs('CreateQueue', 'QueueName=q&Attribute.1.Name=DelaySeconds&Attribute.1.Value=5&Tag.1.Key=k&Tag.1.Value=v'),
    {
      QueueName: 'q',
      Attributes: Object.assign(Object.create(null), { DelaySeconds: '5' }),
      tags: Object.assign(Object.create(null), { k: 'v' }),
    },
  );
  assert.deepEqual(
    decodeSqs(
      'DeleteMessageBatch',
      'QueueUrl=q&DeleteMessageBatchRequestEntry.1.Id=i&DeleteMessageBatchRequestEntry.1.ReceiptHandle=r',
    ),
    {
      QueueUrl: 'q',
      Entries: [{ Id: 'i', ReceiptHandle: 'r' }],
    },
  );
});

test("SQS's answers too", () => {
  const { body } = sqs
    .operation('ReceiveMessage')
    .encode({ Messages: [{ MessageId: 'm', Body: '<a>\r', Attributes: { SentTimestamp: '1' } }] }, 'id-1');
  assert.equal(
    body,
    '<ReceiveMessageResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><ReceiveMessageResult><Message>' +
      '<MessageId>m</MessageId><Body>&lt;a&gt;&#xD;</Body><Attribute><Name>SentTimestamp</Name><Value>1</Value></Attribute>' +
      '</Message></ReceiveMessageResult><ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></ReceiveMessageResponse>',
  );
  const { body: urls } = sqs.operation('ListQueues').encode({ QueueUrls: ['a', 'b'] }, 'id-1');
  assert.match(String(urls), /<ListQueuesResult><QueueUrl>a<\/QueueUrl><QueueUrl>b<\/QueueUrl><\/ListQueuesResult>/);
  const { body: none } = sqs.operation('DeleteMessage').encode({}, 'id-1');
  assert.match(String(none), /<DeleteMessageResponse [^>]*><ResponseMetadata>/);
});

const decode = (body: string, query = ''): unknown =>
  kitchenCodec('query').operation('Cook').decode(requestOf(body, { query }), {});

test('a presigned request has its parameters in the URL', () => {
  assert.deepEqual(decode('', 'Action=Cook&Text=a%26b&X-Amz-Signature=x'), { Text: 'a&b' });
  assert.deepEqual(decode('Text=a', 'Count=1'), { Text: 'a', Count: 1 });
});

test('lists: by index, with gaps, empty, and not as a list', () => {
  assert.deepEqual(decode('Texts.member.10=c&Texts.member.2=b&Texts.member.1=a'), { Texts: ['a', 'b', 'c'] });
  assert.deepEqual(decode('Texts='), { Texts: [] });
  assert.throws(() => decode('Texts.1=a'), { message: 'Unexpected list element termination' });
  assert.throws(() => decode('Texts=a'), { message: 'Unexpected list element termination' });
  assert.throws(() => decode('Texts.member.x=a'), { message: 'Unexpected list element termination' });
});

/** Code and message of what is refused. */
const REFUSED: readonly (readonly [body: string, code: string])[] = [
  ['Text=a&Text=b', 'MalformedQueryString'],
  ['Text=%', 'MalformedQueryString'],
  ['Text=%ff', 'MalformedQueryString'],
  ['Count=', 'SerializationException'],
  ['Count=1.5', 'SerializationException'],
  ['Count=0x10', 'SerializationException'],
  ['Count=2147483648', 'SerializationException'],
  ['Big=9223372036854775808', 'SerializationException'],
  ['Ratio=', 'SerializationException'],
  ['Flag=maybe', 'SerializationException'],
  ['Bytes=%3D%3D%3D', 'SerializationException'],
  ['When=now', 'SerializationException'],
  ['Text.x=a', 'SerializationException'],
  ['Inner=a', 'SerializationException'],
  ['ByName.entry.1.value.Text=a', 'SerializationException'],
  ['ByName.1.key=a', 'SerializationException'],
];

for (const [body, code] of REFUSED) {
  test(`refuses ${body}`, () => assert.throws(() => decode(body), { code }));
}

test('what XML can not hold as it is, is escaped', () => {
  assert.equal(escapeXml('plain é €'), 'plain é €');
  assert.equal(escapeXml('<a b="c">&\'\t\n\r'), "&lt;a b=&quot;c&quot;&gt;&amp;'\t\n&#xD;");
  assert.equal(escapeXml('\0\u001f\ufffe\uffff\u{1f600}'), '&#x0;&#x1F;&#xFFFE;&#xFFFF;\u{1f600}');
});

test('what a request has is its own, whatever the one before it had', () => {
  const codec = kitchenCodec('query').operation('Cook');
  const read = (body: string): unknown => codec.decode(requestOf(body), {});
  assert.deepEqual(read('Texts.member.1=a&Texts.member.2=b&Inner.Text=c&Count=1&Text=http%3A%2F%2Fd%2Fe'), {
    Texts: ['a', 'b'],
    Inner: { Text: 'c' },
    Count: 1,
    Text: 'http://d/e',
  });
  assert.deepEqual(read('Texts.member.2=b&Text=http%3A%2F%2Fd%2Ff'), { Texts: ['b'], Text: 'http://d/f' });
  assert.throws(() => read('Texts.member.x=a'), { message: 'Unexpected list element termination' });
  assert.throws(() => read('Text.x=a'), { code: 'SerializationException' });
  assert.throws(() => read('Text=a&Text=b'), { code: 'MalformedQueryString' });
  assert.deepEqual(read('Text=a&Texts=&Inner.Count=2'), { Text: 'a', Texts: [], Inner: { Count: 2 } });
  assert.deepEqual(read('Inner.%43ount=2&Text=a+b'), { Text: 'a b', Inner: { Count: 2 } });
  assert.deepEqual(read('Inner.Count=3'), { Inner: { Count: 3 } });
});

test('names that clients make up are forgotten', () => {
  for (let at = 0; at < 30; at++) {
    const name = `${'x'.repeat(100_000)}${at}`;
    assert.deepEqual(decode(`${name}=1&Text=a&Texts.member.1=b`), { Text: 'a', Texts: ['b'] });
  }
});
