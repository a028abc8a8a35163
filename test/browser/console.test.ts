/** The console in a real browser, on machines that are simulated: what it shows and asks for. test/browser/machine.test.ts boots a real one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browser, noConsole } from '#test/browser/chromium.ts';
import { cloud } from '#test/sdk/cloud.ts';
import { simulatedHost } from '#test/sdk/ec2-host.ts';

test('a person signs in, launches an instance, sees its serial line, and terminates it', {
  skip: noConsole,
}, async (t) => {
  const c = await cloud(t, { host: simulatedHost() });
  const { page, complaints, look } = await browser(t);
  const answer = await page.goto(`http://console.localhost:${c.port}/`);
  assert.match((await answer?.headerValue('content-security-policy')) ?? '', /script-src 'self'/);
  await look('sign-in');

  await page.getByText('Access key', { exact: true }).click();
  await page.getByLabel('Access key ID').fill(c.administrator.accessKeyId);
  await page.getByLabel('Secret access key').fill('wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Instances' }).waitFor();
  await page.getByText('SignatureDoesNotMatch').or(page.getByText('AuthFailure')).first().waitFor();
  await look('wrong-key');
  const told = complaints.length;

  await page.goto(`http://console.localhost:${c.port}/`);
  await page.getByText('Access key', { exact: true }).click();
  await page.getByLabel('Access key ID').fill(c.administrator.accessKeyId);
  await page.getByLabel('Secret access key').fill(c.administrator.secretAccessKey);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('No instances here.').waitFor();
  await look('no-instances');

  await page.getByRole('button', { name: 'Launch an instance' }).click();
  await page.getByLabel('Name').fill('first');
  await look('launch');
  await page.getByRole('button', { name: 'Launch', exact: true }).click();
  await page.getByRole('cell', { name: 'running' }).waitFor();
  await look('running');

  const row = page.getByRole('row', { name: /first/ });
  await row.getByRole('checkbox').check();
  await page.getByRole('button', { name: 'Serial console' }).click();
  // Of an account that has not allowed it yet.
  await page.getByRole('button', { name: 'Allow serial consoles' }).click();
  await page.getByText('login:').waitFor();
  await look('serial');
  await page.getByRole('button', { name: 'Close' }).click();

  await page.getByRole('row', { name: /first/ }).getByRole('checkbox').check();
  await page.getByRole('button', { name: 'Instance state' }).click();
  await page.getByRole('menuitem', { name: 'Terminate' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Terminate' }).click();
  await page.getByRole('cell', { name: 'terminated' }).waitFor();
  await look('terminated');
  // The serial console, before it was allowed.
  assert.deepEqual(complaints.slice(told), [
    'Failed to load resource: the server responded with a status of 403 (Forbidden)',
  ]);
});
