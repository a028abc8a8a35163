/** The console's host, as a browser's page and as others would use it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cloud } from '#test/sdk/cloud.ts';
import { formDraft, sendRaw, signedRequest, unsigned } from '#test/sdk/raw-request.ts';

test('calls are answered at the console’s host, but for those of S3 and those of other pages', async (t) => {
  const c = await cloud(t);
  const host = `console.localhost:${c.port}`;
  const draft = formDraft('2011-06-15', 'GetCallerIdentity');
  const ask = async (service: string, headers: Record<string, string> = {}) =>
    sendRaw(c, await signedRequest(c, { ...draft, headers: { ...draft.headers, ...headers, host } }, { service }));
  assert.match((await ask('sts', { origin: `http://${host}` })).body, /user\/administrator/);
  assert.deepEqual([(await ask('sts', { origin: 'http://evil.example' })).status], [403]);
  const s3 = await ask('s3');
  assert.deepEqual([s3.status, s3.code], [403, 'AccessDenied']);
  // Nor does a bucket of that name show anything there.
  const page = await sendRaw(c, unsigned(c, { method: 'GET', path: '/key', headers: { host } }));
  assert.match(String(page.headers['content-security-policy']), /default-src 'none'/);
});
