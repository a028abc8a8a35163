/** Programs that images are built with. A build is stopped with the cloud. */
import { spawn } from 'node:child_process';

export interface RunOptions {
  readonly cwd?: string;
  /** For its standard input. */
  readonly input?: string;
  readonly signal?: AbortSignal | undefined;
  readonly environment?: Readonly<Record<string, string>>;
}

const LONGEST_COMPLAINT = 2000;
/** Where programs of the system are also for those who are not root. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What it wrote. Nothing of the cloud's environment, where its secrets may be, is handed on. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { cwd, input, signal, environment = {} } = options;
  const env = { PATH, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive', ...environment };
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env,
      signal,
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    let [output, complaint] = ['', ''];
    child.stdout?.on('data', (chunk: Buffer) => (output += chunk));
    child.stderr?.on('data', (chunk: Buffer) => (complaint = `${complaint}${chunk}`.slice(-LONGEST_COMPLAINT)));
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${program} ended with ${code}: ${complaint.trim()}`));
    });
  });
}
