/**
 * A cloud as the suite wants one, and the file that tells it of that. Five accounts with root keys: `main`, `alt`, `tenant`, and two for
 * tests of IAM. `alt` and `iam` are one account: `iam` is its root, `alt` a user of it, named as the account's canonical user since the
 * suite uses one setting for both. TLS, since keys of customers are refused without; a day of ten seconds, or a whole one.
 */
import { type SpawnOptions, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { AttachUserPolicyCommand, CreateAccessKeyCommand, CreateUserCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import type { AccountId } from '#platform/base/ids.ts';
import { canonicalUser } from '#services/s3/names.ts';
import { newIssuer } from './issuer.ts';

const DAY_SECONDS = { short: 10, whole: 86_400 } as const;
const OTHER_REGION = 'us-west-2';
/** Both can be read at once, and be moved to on any day. */
const STORAGE_CLASSES = 'INTELLIGENT_TIERING, GLACIER_IR';

export interface SuiteCloud {
  readonly conf: string;
  readonly authorityFile: string;
  stop(): Promise<void>;
}

interface Key {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

interface Account {
  readonly id: AccountId;
  readonly name: string;
  readonly root: Key;
}

type Program = (...args: readonly string[]) => Promise<string>;

export interface CloudSettings {
  readonly oldBucketDefaults: boolean;
  readonly day: keyof typeof DAY_SECONDS;
}

export async function startCloud(root: string, home: string, wanted: CloudSettings): Promise<SuiteCloud> {
  const data = join(home, 'data');
  const env = { ...process.env, MAKONIS_MASTER_KEY: join(home, 'master.key') };
  const program: Program = (...args) => output(join(root, 'bin', 'makonis'), [...args, '--data', data], { env });
  const defaults = wanted.oldBucketDefaults ? ['--old-bucket-defaults'] : [];
  const day = ['--s3-day-seconds', String(DAY_SECONDS[wanted.day])];
  await program('up', '--detach', '--port', '0', '--admin-port', '0', '--tls', ...day, ...defaults);
  const stop = async (): Promise<void> => {
    await program('down');
  };
  try {
    const state = JSON.parse(readFileSync(join(data, 'run', 'state.json'), 'utf8'));
    const { port, url: endpoint, authorityFile } = state as { port: number; url: string; authorityFile: string };
    const settings = {
      endpoint,
      region: 'us-east-1',
      requestHandler: { httpsAgent: new Agent({ ca: readFileSync(authorityFile) }) },
    };
    const conf = join(home, 's3tests.conf');
    const webIdentity = await newIssuer();
    const keys = join(home, 'jwks.json');
    writeFileSync(keys, webIdentity.keySet);
    await program('issuer', 'put', '--url', webIdentity.url, '--keys', keys);
    writeFileSync(conf, sections({ ...(await confOf(program, settings, port)), webidentity: webIdentity.section }));
    return { conf, authorityFile, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What a program prints, if it succeeds. */
const output = (command: string, args: readonly string[], options: SpawnOptions): Promise<string> =>
  new Promise((ended, failed) => {
    // In a group of its own: Ctrl-C must not end a program that starts or stops a cloud half-way.
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'inherit'], detached: true });
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    child.on('error', failed);
    child.on('close', (code) => (code === 0 ? ended(text) : failed(new Error(`${args[0]}: ${text}`))));
  });

interface Settings {
  readonly endpoint: string;
  readonly region: string;
  readonly requestHandler: { readonly httpsAgent: Agent };
}

type Sections = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

async function confOf(program: Program, settings: Settings, port: number): Promise<Sections> {
  const account = async (name: string): Promise<Account> =>
    JSON.parse(await program('account', 'create', '--name', name, '--json'));
  const main = await account('main');
  const alt = await account('alt');
  const tenant = await account('tenant');
  const first = await account('iam-root');
  const second = await account('iam-alt-root');
  const altKey = await administratorOf(alt, settings);
  const keys = await kmsKeys(main, settings);
  // Where S3 is meant, an account's id is its canonical user.
  const person = (of: Account, key: Key, more = {}) => ({
    display_name: of.name,
    user_id: canonicalUser(of.id),
    email: emailOf(of),
    access_key: key.accessKeyId,
    secret_key: key.secretAccessKey,
    ...more,
  });
  const storage = { storage_classes: STORAGE_CLASSES, lc_debug_interval: DAY_SECONDS.short, api_name: OTHER_REGION };
  return {
    // Where it says what to verify with, it knows the well-known authorities alone.
    DEFAULT: { host: 'localhost', port, is_secure: 'True', ssl_verify: 'False' },
    fixtures: { 'bucket prefix': 'suite-{random}-' },
    's3 main': person(main, main.root, { kms_keyid: keys[0], kms_keyid2: keys[1], ...storage }),
    's3 alt': person(alt, altKey),
    's3 tenant': person(tenant, tenant.root, { tenant: 'testx' }),
    iam: person(alt, alt.root),
    'iam root': person(first, first.root, { user_id: first.id }),
    'iam alt root': person(second, second.root),
    // Not the suite's: for dialect.py.
    dialect: { account: alt.id, tenant: tenant.id },
    'canonical users': Object.fromEntries([first, second].map((of) => [emailOf(of), canonicalUser(of.id)])),
  };
}

const emailOf = (account: Account): string => `${account.name}@example.com`;

async function administratorOf(account: Account, settings: Settings): Promise<Key> {
  const iam = new IAMClient({ ...settings, credentials: account.root });
  const UserName = canonicalUser(account.id);
  await iam.send(new CreateUserCommand({ UserName }));
  const PolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess';
  await iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  iam.destroy();
  return { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
}

/** By their ARNs, which S3 shows them by. */
async function kmsKeys(account: Account, settings: Settings): Promise<string[]> {
  const kms = new KMSClient({ ...settings, credentials: account.root });
  const made = [await kms.send(new CreateKeyCommand({})), await kms.send(new CreateKeyCommand({}))];
  kms.destroy();
  return made.map(({ KeyMetadata }) => KeyMetadata?.Arn ?? '');
}

const sections = (all: Sections): string =>
  Object.entries(all)
    .map(([name, members]) => {
      const lines = Object.entries(members).map(([member, value]) => `${member} = ${value}\n`);
      return `[${name}]\n${lines.join('')}`;
    })
    .join('\n');
