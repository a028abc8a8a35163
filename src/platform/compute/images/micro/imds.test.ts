/** The guest's own words for the metadata service, by the same shell as there. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

const FUNCTIONS = join(import.meta.dirname, 'guest/etc/imds.sh');
const noBusybox = spawnSync('busybox', ['true']).error !== undefined && 'no busybox here';

const answer = (status: string, body: string): string =>
  `HTTP/1.1 ${status}\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\nServer: EC2ws\r\n\r\n${body}`;

function bodies(answers: string, count: number): string[] {
  const script = `. ${FUNCTIONS}; for each in $(seq ${count}); do next_answer; printf '%s|%s;' "$status" "$body"; done`;
  const { stdout, status } = spawnSync('busybox', ['sh', '-c', script], {
    input: answers,
    encoding: 'utf8',
    timeout: 20_000,
  });
  assert.equal(status, 0);
  return stdout.split(';').slice(0, -1);
}

test('answers of one connection are taken apart, refusals too', { skip: noBusybox }, () => {
  const refusal = '<?xml version="1.0"?>\n<html>\n <head>\n  <title>404 - Not Found</title>\n </head>\n</html>\n';
  const answers = [
    answer('200 OK', 'i-0123456789abcdef0'),
    answer('404 Not Found', refusal),
    answer('200 OK', '  two\nlines \\ of it '),
    answer('200 OK', ''),
    answer('200 OK', 'the end'),
  ];
  assert.deepEqual(bodies(answers.join(''), answers.length), [
    '200|i-0123456789abcdef0',
    '404|',
    '200|  two\nlines \\ of it ',
    '200|',
    '200|the end',
  ]);
});

test('an answer that breaks off is none', { skip: noBusybox }, () => {
  assert.deepEqual(bodies(answer('200 OK', 'i-0123456789').slice(0, -4), 2), ['|', '|']);
});
