/** `aws login` of AWS's command line, which version 2 has from 2.32 on; the browser's step is the call that the console makes. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import { run } from '#test/clients/executables.ts';
import { type Credentials, cloud, type TestCloud } from '#test/sdk/cloud.ts';
import { newUser } from '#test/sdk/people.ts';
import { ask, credentialsOf } from '#test/sdk/sign-in.ts';
import { until } from '#test/until.ts';

const aws = await version2();
const skip = aws === undefined && 'there is no aws-cli of version 2.32 or later on the PATH';

async function version2(): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, 'aws');
    if (!existsSync(path)) continue;
    const { stdout } = await run(path, ['--version'], {});
    const [, minor = '0'] = /^aws-cli\/2\.(\d+)/.exec(stdout) ?? [];
    if (Number(minor) >= 32) return path;
  }
  return undefined;
}

async function start(t: TestContext) {
  const c = await cloud(t);
  await newUser(c, 'ann');
  const admin = c.client(iam.IAMClient);
  const PolicyArn = 'arn:aws:iam::aws:policy/SignInLocalDevelopmentAccess';
  await admin.send(new iam.AttachUserPolicyCommand({ UserName: 'ann', PolicyArn }));
  await admin.send(new iam.CreateLoginProfileCommand({ UserName: 'ann', Password: 'Correct-Horse-1' }));
  const home = mkdtempSync(join(tmpdir(), 'makonis-login-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  // What the CLI opens in place of a browser: it notes the address.
  const opened = join(home, 'opened');
  const browser = join(home, 'browser');
  writeFileSync(browser, `#!/bin/sh\nprintf %s "$1" > ${opened}.new && mv ${opened}.new ${opened}\n`);
  chmodSync(browser, 0o755);
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    BROWSER: browser,
    AWS_ENDPOINT_URL: c.url,
    AWS_REGION: 'us-east-1',
    AWS_PAGER: '',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  return { c, env, opened };
}

/** The page: lets the person in, and asks for a code with what the address says. */
async function browse(c: TestCloud, address: string): Promise<Record<string, string>> {
  const entered = await ask(c, 'SignIn', { Account: c.account, UserName: 'ann', Password: 'Correct-Horse-1' });
  const session: Credentials = credentialsOf(entered);
  const query = new URL(address).searchParams;
  const members = {
    ClientId: query.get('client_id'),
    RedirectUri: query.get('redirect_uri'),
    ResponseType: query.get('response_type'),
    Scope: query.get('scope'),
    CodeChallenge: query.get('code_challenge'),
    CodeChallengeMethod: query.get('code_challenge_method'),
    State: query.get('state'),
  };
  const { status, body } = await ask(c, 'AuthorizeOAuth2Access', members, session);
  assert.equal(status, 200, JSON.stringify(body));
  return body as Record<string, string>;
}

function login(
  t: TestContext,
  env: Record<string, string>,
  ...args: string[]
): ChildProcess & { output: () => string } {
  const child = spawn(aws ?? '', ['login', '--profile', 'person', ...args], { env });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk));
  return Object.assign(child, { output: () => output });
}

async function isLoggedIn(c: TestCloud, env: Record<string, string>, child: ChildProcess & { output: () => string }) {
  await until(() => child.exitCode !== null, 'the end of aws login');
  assert.equal(child.exitCode, 0, child.output());
  const { code, stdout, stderr } = await run(aws ?? '', ['sts', 'get-caller-identity', '--profile', 'person'], env);
  assert.equal(code, 0, stderr);
  assert.equal(JSON.parse(stdout).Arn, `arn:aws:iam::${c.account}:user/ann`);
}

test('aws login, with a browser on the same machine', { skip }, async (t) => {
  const { c, env, opened } = await start(t);
  const child = login(t, env);
  await until(() => existsSync(opened), 'the browser');
  const { Location = '' } = await browse(c, readFileSync(opened, 'utf8'));
  assert.equal((await fetch(Location)).status, 200);
  await isLoggedIn(c, env, child);
});

test('aws login --remote: the person carries the code', { skip }, async (t) => {
  const { c, env } = await start(t);
  const child = login(t, env, '--remote');
  await until(() => /https?:\S+\/v1\/authorize\S+/.test(child.output()), 'the address');
  const [address = ''] = /https?:\S+\/v1\/authorize\S+/.exec(child.output()) ?? [];
  const { VerificationCode } = await browse(c, address);
  child.stdin?.end(`${VerificationCode}\n`);
  await isLoggedIn(c, env, child);
});
