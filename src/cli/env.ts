/** `makonis env`: what AWS clients need to reach this cloud, as shell exports or as a profile of AWS's own files. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { CommandError, print } from '#cli/output.ts';
import { openSecrets, type RunSecrets, type RunState, runningState } from '#cli/run-state.ts';
import { processSources, readConfig } from '#config';

const DEFAULT_PROFILE = 'makonis';

export async function env(args: readonly string[]): Promise<number> {
  const { config, extra, positional } = readConfig(processSources(args, { '--profile': 'switch' }, 1));
  const state = runningState(config.data);
  if (extra['--profile'] !== undefined) writeProfile(positional[0] ?? DEFAULT_PROFILE, state);
  else print(exportsOf(state).join('\n'));
  return 0;
}

function administratorOf(state: RunState): NonNullable<RunSecrets['administrator']> {
  const { administrator } = openSecrets(state);
  if (administrator !== undefined) return administrator;
  throw new CommandError('the first account has no administrator with an active key any more: use makonis account key');
}

function exportsOf(state: RunState): string[] {
  const { accessKeyId, secretAccessKey } = administratorOf(state);
  const values: [string, string][] = [
    ['AWS_ENDPOINT_URL', addressOf(state.url)],
    // Its clients put the account before the name, which an address can't carry.
    ['AWS_ENDPOINT_URL_S3_CONTROL', state.url],
    ['AWS_ACCESS_KEY_ID', accessKeyId],
    ['AWS_SECRET_ACCESS_KEY', secretAccessKey],
    ['AWS_REGION', state.region],
    // aws-cli v1 and old boto3 read this one only.
    ['AWS_DEFAULT_REGION', state.region],
    ...(state.authorityFile === undefined ? [] : [['AWS_CA_BUNDLE', state.authorityFile] as [string, string]]),
  ];
  return [
    ...values.map(([name, value]) => `export ${name}=${quoted(value)}`),
    // Debian 12 has 2.9, which would go to AWS itself.
    `# aws-cli 1 (for sqs) and 2 before 2.13 ignore AWS_ENDPOINT_URL: alias aws='aws --endpoint-url ${addressOf(state.url)}'`,
  ];
}

/**
 * With `localhost`, S3's clients would ask for `BUCKET.localhost`, which few systems resolve; of an address they know that it has no
 * names below it, and put the bucket into the path.
 */
function addressOf(url: string): string {
  const { protocol, hostname, port } = new URL(url);
  return `${protocol}//${hostname === 'localhost' ? '127.0.0.1' : hostname}${port === '' ? '' : `:${port}`}`;
}

/** For a POSIX shell; plain where that is enough. */
const quoted = (text: string): string => (/^[\w./:+=@%-]*$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

function writeProfile(name: string, state: RunState): void {
  if (!/^[\w.-]+$/.test(name)) throw new CommandError(`"${name}" is no name for a profile`);
  const { accessKeyId, secretAccessKey } = administratorOf(state);
  const folder = join(homedir(), '.aws');
  const ca = state.authorityFile === undefined ? {} : { ca_bundle: state.authorityFile };
  setSection(join(folder, 'config'), name === 'default' ? name : `profile ${name}`, {
    region: state.region,
    endpoint_url: addressOf(state.url),
    // Nested, as the files have it. SDKs that don't read it need path style by their own setting.
    s3: '\n  addressing_style = path',
    ...ca,
  });
  setSection(join(folder, 'credentials'), name, {
    aws_access_key_id: accessKeyId,
    aws_secret_access_key: secretAccessKey,
  });
  print(`wrote the profile ${name} to ${folder}. Try: aws --profile ${name} sts get-caller-identity`);
}

/** Replaces the section, leaves all others as they are. */
function setSection(file: string, section: string, values: Readonly<Record<string, string>>): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const before = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  const kept: string[] = [];
  let isInside = false;
  for (const line of before) {
    if (/^\s*\[/.test(line)) isInside = line.trim() === `[${section}]`;
    if (!isInside) kept.push(line);
  }
  while (kept.at(-1)?.trim() === '') kept.pop();
  const lines = [`[${section}]`, ...Object.entries(values).map(([key, value]) => `${key} = ${value}`)];
  writeFileSync(file, `${[...kept, ...(kept.length > 0 ? [''] : []), ...lines].join('\n')}\n`, { mode: 0o600 });
  chmodSync(file, 0o600);
}
