/** `ip`, `nft` and settings of the kernel, in a namespace or not. No shell reads what comes from elsewhere. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';

const LIMITS = { timeout: 30_000, maxBuffer: 64 * 1024 * 1024, env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } };

/** Undefined: this machine's own. */
export type Namespace = string | undefined;

const ipOf = (namespace: Namespace): string[] => (namespace === undefined ? [] : ['-n', namespace]);

export const ip = (namespace: Namespace, ...args: readonly string[]): Promise<string> =>
  run('ip', [...ipOf(namespace), ...args]);

/** What `ip` shows. */
export async function shown<Item>(namespace: Namespace, ...args: readonly string[]): Promise<Item[]> {
  const text = await run('ip', ['-json', ...ipOf(namespace), ...args]);
  // Of nothing it shows nothing at all.
  return text.trim() === '' ? [] : (JSON.parse(text) as Item[]);
}

/** What it shows of several things, in one process; some versions show nothing of nothing, and are asked one by one. */
export async function shownAll<Item>(
  namespace: Namespace,
  questions: readonly (readonly string[])[],
): Promise<Item[][]> {
  const asked = questions.map((words) => `${words.join(' ')}\n`).join('');
  const answers = (await run('ip', ['-json', ...ipOf(namespace), '-batch', '-'], asked)).trim().split('\n');
  if (answers.length !== questions.length) {
    return Promise.all(questions.map((words) => shown<Item>(namespace, ...words)));
  }
  return answers.map((line) => JSON.parse(line) as Item[]);
}

export async function batch(namespace: Namespace, lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await run('ip', [...ipOf(namespace), '-batch', '-'], `${lines.join('\n')}\n`);
}

export const nft = (namespace: Namespace, ruleset: string): Promise<string> =>
  inside(namespace, 'nft', ['-f', '-'], ruleset);

/** `net/ipv4/ip_forward=1` */
export async function setKernel(namespace: Namespace, settings: readonly string[]): Promise<void> {
  if (namespace === undefined) {
    for (const [name = '', value = ''] of settings.map((each) => each.split('=')))
      writeFileSync(`/proc/sys/${name}`, value);
    return;
  }
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's own words
  const script = 'for s in "$@"; do echo "${s#*=}" > "/proc/sys/${s%%=*}" || exit 1; done';
  await inside(namespace, 'sh', ['-c', script, 'sh', ...settings]);
}

const inside = (namespace: Namespace, program: string, args: readonly string[], input?: string): Promise<string> =>
  namespace === undefined
    ? run(program, args, input)
    : run('ip', ['netns', 'exec', namespace, program, ...args], input);

function run(program: string, args: readonly string[], input?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, LIMITS, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${program} ${args.join(' ')}: ${stderr.trim() || error.message}`));
    });
    // A program that ends early says itself why.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input ?? '');
  });
}
