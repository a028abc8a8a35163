/**
 * AWS's command line as a user has it: version 1, from PyPI, and version 2 where the machine has one. Each runs against a cloud of its
 * own, with profiles in a home of its own, so that a test can be several people.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Finished, findExecutables, NOT_FOUND, run } from '#test/clients/executables.ts';
import { document } from '#test/policy-document.ts';
import { type Credentials, cloud, type TestCloud, type TestCloudOptions } from '#test/sdk/cloud.ts';

export interface Client {
  readonly path: string;
  /** [1, 46] */
  readonly version: readonly [number, number];
}

export type Texts = Record<string, string>;

/** What follows `aws`: words, divided by spaces, or already apart where one of them holds a space. */
type Command = string | readonly string[];

export interface CommandLine {
  readonly c: TestCloud;
  /** As a user with the README's alias: the administrator, unless another is named. */
  cli<T = Texts>(command: Command, options?: { as?: string }): Promise<T>;
  /** What it says when it is refused. */
  refused(command: Command, as: string): Promise<string>;
  /** Without `--endpoint-url`. */
  plain(args: readonly string[]): Promise<Finished>;
  profile(name: string, key: Credentials): void;
  /** A new user with a key, whom the profile of that name stands for. */
  newUser(name: string, ...options: string[]): Promise<void>;
  /** A profile of what a call of STS gave. */
  session(name: string, credentials: Texts | undefined): void;
  /** A file of the home, for `file://` and `fileb://`. */
  file(name: string, content?: string | Uint8Array): string;
  read(name: string): string;
}

async function clientAt(path: string): Promise<Client> {
  const { stdout } = await run(path, ['--version'], {});
  const [, major, minor] = /^aws-cli\/(\d+)\.(\d+)/.exec(stdout) ?? [];
  return { path, version: [Number(major), Number(minor)] };
}

const found = await Promise.all(findExecutables('aws').map(clientAt));
const NOT_HERE = ['', `aws ${NOT_FOUND}`, 'this machine has no version 2 (Debian: apt-get install awscli)'];

/** A test for each major version. */
export function testClients(title: string, body: (t: TestContext, client: Client) => Promise<void>): void {
  for (const major of [1, 2]) {
    const client = found.find(({ version }) => version[0] === major);
    const skip = client === undefined && (NOT_HERE[major] ?? true);
    test(`version ${major}: ${title}`, { skip }, async (t) => {
      if (client !== undefined) await body(t, client);
    });
  }
}

/** A statement. */
export const allow = (Action: string | string[], Resource: string | string[] = '*') => ({
  Effect: 'Allow',
  Action,
  Resource,
});

/** Its ARN. */
export async function newPolicy({ cli }: CommandLine, name: string, ...statements: object[]): Promise<string> {
  const create = `iam create-policy --policy-name ${name} --policy-document ${document(...statements)}`;
  return (await cli<{ Policy?: Texts }>(create)).Policy?.['Arn'] ?? '';
}

/** Its ARN. Trust is for AssumeRole unless it says otherwise. */
export async function newRole(
  { cli }: CommandLine,
  name: string,
  trust: object,
  ...options: string[]
): Promise<string> {
  const policy = document({ Effect: 'Allow', Action: 'sts:AssumeRole', ...trust });
  const create = ['iam', 'create-role', '--role-name', name, '--assume-role-policy-document', policy, ...options];
  return (await cli<{ Role?: Texts }>(create)).Role?.['Arn'] ?? '';
}

const wordsOf = (command: Command): readonly string[] => (typeof command === 'string' ? command.split(' ') : command);

export async function commandLine(
  t: TestContext,
  { path }: Client,
  options: TestCloudOptions = {},
): Promise<CommandLine> {
  const c = await cloud(t, options);
  const home = mkdtempSync(join(tmpdir(), 'makonis-home-'));
  t.after(() => rmSync(home, { recursive: true }));
  mkdirSync(join(home, '.aws'));
  const env = { HOME: home, AWS_PAGER: '', AWS_EC2_METADATA_DISABLED: 'true' };
  const plain = (args: readonly string[]) => run(path, [...args, '--output', 'json'], env);
  const ask = (command: Command, as: string) => plain(['--endpoint-url', c.url, '--profile', as, ...wordsOf(command)]);
  const line: CommandLine = {
    c,
    plain,
    async cli(command, { as = 'admin' } = {}) {
      const { code, stdout, stderr } = await ask(command, as);
      assert.equal(code, 0, `aws ${wordsOf(command).join(' ')}: ${stderr}`);
      return JSON.parse(stdout.trim() || '{}');
    },
    async refused(command, as) {
      const { code, stderr } = await ask(command, as);
      assert.notEqual(code, 0, wordsOf(command).join(' '));
      return stderr;
    },
    profile(name, { accessKeyId, secretAccessKey, sessionToken }) {
      const secrets = `aws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
      const token = sessionToken === undefined ? '' : `aws_session_token = ${sessionToken}\n`;
      writeFileSync(join(home, '.aws', 'credentials'), `[${name}]\n${secrets}${token}\n`, { flag: 'a' });
      const place = `region = us-east-1\nendpoint_url = ${c.url}\n`;
      writeFileSync(join(home, '.aws', 'config'), `[profile ${name}]\n${place}\n`, { flag: 'a' });
    },
    async newUser(name, ...options) {
      await line.cli(['iam', 'create-user', '--user-name', name, ...options]);
      const { AccessKey: key } = await line.cli<{ AccessKey?: Texts }>(`iam create-access-key --user-name ${name}`);
      line.profile(name, {
        accessKeyId: key?.['AccessKeyId'] ?? '',
        secretAccessKey: key?.['SecretAccessKey'] ?? '',
      });
    },
    session(name, credentials) {
      line.profile(name, {
        accessKeyId: credentials?.['AccessKeyId'] ?? '',
        secretAccessKey: credentials?.['SecretAccessKey'] ?? '',
        sessionToken: credentials?.['SessionToken'] ?? '',
      });
    },
    file(name, content) {
      const file = join(home, name);
      if (content !== undefined) writeFileSync(file, content);
      return file;
    },
    read: (name) => readFileSync(join(home, name), 'utf8'),
  };
  line.profile('admin', c.administrator);
  return line;
}
