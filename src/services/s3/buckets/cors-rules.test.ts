import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkRules, corsHeaders } from '#services/s3/buckets/cors-rules.ts';

const RULE = { AllowedMethods: ['GET'], AllowedOrigins: ['https://*.example.com'] };
const ask = { path: '/b/k', origin: 'https://www.example.com', method: 'GET', headers: [], isPreflight: false };
const allowed = (rule: object, request: object = {}) =>
  corsHeaders([{ ...RULE, ...rule }], { ...ask, ...request })?.['access-control-allow-origin'];

test('a wildcard stands for anything, once; a lone one hides the origin', () => {
  assert.equal(allowed({}), 'https://www.example.com');
  assert.equal(allowed({}, { origin: 'https://example.com' }), undefined);
  assert.equal(allowed({}, { origin: 'https://www.example.com.evil.org' }), undefined);
  assert.equal(allowed({ AllowedOrigins: ['https://a*a'] }, { origin: 'https://a' }), undefined);
  assert.equal(allowed({ AllowedOrigins: ['*'] }), '*');
});

test('method and headers must be allowed', () => {
  assert.equal(allowed({}, { method: 'PUT' }), undefined);
  assert.equal(allowed({}, { headers: ['x-amz-date'] }), undefined);
  assert.ok(allowed({ AllowedHeaders: ['X-Amz-*'] }, { headers: ['x-amz-date'] }));
});

test('rules that can’t be are refused', () => {
  const rules = (rule: object) => () => checkRules({ CORSRules: [{ ...RULE, ...rule }] });
  rules({})();
  const code = (name: string) => (error: unknown) => (error as { code?: string }).code === name;
  assert.throws(rules({ AllowedMethods: ['PATCH'] }), code('InvalidRequest'));
  assert.throws(rules({ AllowedOrigins: ['*.*'] }), code('InvalidRequest'));
  assert.throws(rules({ AllowedHeaders: ['**'] }), code('InvalidRequest'));
  assert.throws(rules({ ExposeHeaders: ['x-*'] }), code('InvalidRequest'));
  assert.throws(rules({ ID: 'x'.repeat(256) }), code('MalformedXML'));
  assert.throws(() => checkRules({ CORSRules: Array.from({ length: 101 }, () => RULE) }), code('InvalidRequest'));
  assert.throws(() => checkRules({ CORSRules: [] }), code('MalformedXML'));
});
