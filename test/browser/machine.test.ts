/** A real machine in a real browser: launched by the console, its screen opened, typed into, and heard to answer on its serial line. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DescribeInstancesCommand, EC2Client, GetConsoleOutputCommand } from '@aws-sdk/client-ec2';
import { type Browser, browser, noConsole } from '#test/browser/chromium.ts';
import { program } from '#test/cli/makonis.ts';
import { noMachines } from '#test/machines.ts';
import { until } from '#test/until.ts';

/** Under emulation, beside other tests. */
const BOOTS_WITHIN_MILLISECONDS = 120_000;

/** Lit pixels of a prompt, or of some words: a cursor that blinks has less. */
const MORE_THAN_A_CURSOR = 400;

/** Of the guest's screen. */
const litPixels = (page: Browser['page']): Promise<number> =>
  page
    .getByTestId('screen')
    .locator('canvas')
    .evaluate((canvas: HTMLCanvasElement) => {
      const { data } = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
      return data.filter((value, at) => at % 4 === 1 && value > 100).length;
    });

/** Something was written since there were so many lit pixels. */
const untilMore = (page: Browser['page'], before: number, seconds?: number): Promise<void> =>
  until(async () => (await litPixels(page)) > before + MORE_THAN_A_CURSOR, 'the guest shows it', seconds);

/** A shell that begins throws away what was typed before; one that is there answers an empty line by a prompt. */
async function untilPrompted(page: Browser['page']): Promise<void> {
  const answersEnter = async (): Promise<boolean> => {
    const before = await litPixels(page);
    await page.keyboard.press('Enter');
    return await untilMore(page, before, 2).then(
      () => true,
      () => false,
    );
  };
  await until(answersEnter, 'the screen has a prompt', BOOTS_WITHIN_MILLISECONDS / 1000);
}

/** A PC's keyboard holds sixteen bytes, four a key: a guest that has to wait for its processor loses what comes faster. */
const KEY_MILLISECONDS = 200;

test('a machine is launched, and typed into, by a browser', {
  skip: noConsole || noMachines,
  timeout: 280_000,
}, async (t) => {
  const cloud = program(t);
  const up = await cloud.run('up', '--detach', '--port', '0');
  assert.equal(up.code, 0, up.err);
  const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = await cloud.settings();
  const { port, url } = cloud.state();
  const ec2 = new EC2Client({ endpoint: url, region: 'us-east-1', credentials: { accessKeyId, secretAccessKey } });
  t.after(() => ec2.destroy());

  const { page, complaints, look } = await browser(t);
  await page.goto(`http://console.localhost:${port}/`);
  await page.getByText('Access key', { exact: true }).click();
  await page.getByLabel('Access key ID').fill(accessKeyId);
  await page.getByLabel('Secret access key').fill(secretAccessKey);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('No instances here.').waitFor();
  await page.getByRole('button', { name: 'Launch an instance' }).click();
  await page.getByLabel('Name').fill('seen');
  await page.getByRole('button', { name: 'Launch', exact: true }).click();
  const running = page.getByRole('cell', { name: 'running' });
  await running.waitFor({ timeout: BOOTS_WITHIN_MILLISECONDS });
  const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand());
  const id = Reservations[0]?.Instances?.[0]?.InstanceId ?? '';
  const heard = async (what: string): Promise<void> => {
    for (let tries = 0; tries < BOOTS_WITHIN_MILLISECONDS / 1000; tries++) {
      const { Output = '' } = await ec2.send(new GetConsoleOutputCommand({ InstanceId: id, Latest: true }));
      if (Buffer.from(Output, 'base64').toString().includes(what)) return;
      await page.waitForTimeout(1000);
    }
    assert.fail(`${id} does not say ${what}`);
  };
  await heard('ec2-user@');

  await page.getByRole('row', { name: /seen/ }).getByRole('checkbox').check();
  await page.getByRole('button', { name: 'Screen' }).click();
  await page.getByTestId('screen').locator('canvas').waitFor();
  // It takes keys as soon as the first picture is there.
  await page.getByRole('button', { name: 'Ctrl+Alt+Del' }).and(page.locator(':enabled')).waitFor();
  await untilPrompted(page);
  const before = await litPixels(page);
  await page.keyboard.type('touch typed-by-', { delay: KEY_MILLISECONDS });
  // A person holds it down; `type` does not.
  await page.keyboard.press('Shift+A');
  await page.keyboard.type('nna\n', { delay: KEY_MILLISECONDS });
  await untilMore(page, before);
  await look('screen');
  await page.getByRole('button', { name: 'Close' }).click();

  await page.getByRole('row', { name: /seen/ }).getByRole('checkbox').check();
  await page.getByRole('button', { name: 'Serial console' }).click();
  // Of an account that has not allowed it yet.
  await page.getByRole('button', { name: 'Allow serial consoles' }).click();
  await page.getByTestId('serial').locator('.xterm-screen').waitFor();
  await page.keyboard.type('until ls typed-by-*; do sleep 1; done\n', { delay: 50 });
  await page.getByText('typed-by-Anna').waitFor();
  await look('serial-line');
  await page.getByRole('button', { name: 'Close' }).click();

  await page.getByRole('row', { name: /seen/ }).getByRole('checkbox').check();
  await page.getByRole('button', { name: 'Instance state' }).click();
  await page.getByRole('menuitem', { name: 'Terminate' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Terminate' }).click();
  await page.getByRole('cell', { name: 'terminated' }).waitFor({ timeout: 60_000 });
  // The serial console, before it was allowed.
  assert.deepEqual(complaints, ['Failed to load resource: the server responded with a status of 403 (Forbidden)']);
});
