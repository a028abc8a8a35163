/**
 * Calls of qemu-img. What it opens is said whole: driver and layers, one by one, so that what a file's header says of others is never
 * followed. Keys come to it by a pipe each: they are in no command line, no environment and no file. A shell makes the pipes, as
 * Node's own are sockets, which can't be opened by their name.
 */
import { spawn } from 'node:child_process';
import type { VolumeKey } from '#platform/compute/volume.ts';

class QemuImgFailed extends Error {}

/** A layer and those below it. */
export interface OpenLayer {
  readonly path: string;
  readonly isEncrypted: boolean;
}

/** What LUKS takes for a passphrase has to be text. */
export const passphraseOf = (key: VolumeKey): string => Buffer.from(key).toString('base64');

/** Where a call finds its keys: that of what it reads and that of what it writes. */
export type KeyRole = 'source' | 'target';

export type Keys = Partial<Readonly<Record<KeyRole, VolumeKey>>>;

/** `cat` makes a pipe of the socket that Node gives it; nothing here comes from outside. */
const PIPES = [
  { script: 'exec "$@"', places: [] },
  { script: 'cat <&3 | "$@"', places: ['/dev/fd/0'] },
  { script: 'cat <&3 | { exec 5<&0; cat <&4 | "$@"; }', places: ['/dev/fd/5', '/dev/fd/0'] },
] as const;

/** Options that `qemu-img` gets for its keys come before its other arguments. */
export async function qemuImg(command: string, args: readonly string[], keys: Keys = {}): Promise<string> {
  const given = (['source', 'target'] as const).flatMap((role) => {
    const key = keys[role];
    return key === undefined ? [] : { role, passphrase: passphraseOf(key) };
  });
  // There are two roles.
  const { script, places } = PIPES[given.length as 0 | 1 | 2];
  const secrets = given.flatMap(({ role }, i) => ['--object', `secret,id=${role},file=${places[i]}`]);
  const texts = given.map(({ passphrase }) => passphrase);
  return run(['/bin/sh', '-c', script, 'sh', 'qemu-img', command, ...secrets, ...args], texts);
}

function run([program = '', ...args]: readonly string[], inputs: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe', ...inputs.map(() => 'pipe' as const)] });
    let [output, complaint] = ['', ''];
    child.stdout?.on('data', (chunk: Buffer) => (output += chunk));
    child.stderr?.on('data', (chunk: Buffer) => (complaint += chunk));
    inputs.forEach((input, i) => {
      // Beyond standard input, output and errors; those that are pipes can be written to.
      const pipe = child.stdio[3 + i] as NodeJS.WritableStream;
      // It may have failed before it read its key.
      pipe.on('error', () => {});
      pipe.end(input);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new QemuImgFailed(complaint.trim() || `qemu-img ended with ${code}`));
    });
  });
}

/** A chain, the top layer first, as qemu-img is to open it. */
export function chainName(layers: readonly OpenLayer[], role: KeyRole): string {
  const whole = layers.reduceRight<object | null>(
    (backing, { path, isEncrypted }) => ({
      driver: 'qcow2',
      file: { driver: 'file', filename: path },
      backing,
      ...(isEncrypted && { encrypt: { format: 'luks', 'key-secret': role } }),
    }),
    null,
  );
  return `json:${JSON.stringify(whole)}`;
}

/** A layer alone, as options: what is written to can't be said by a name. */
export function layerOptions({ path, isEncrypted }: OpenLayer, role: KeyRole): string {
  const encryption = isEncrypted ? `,encrypt.format=luks,encrypt.key-secret=${role}` : '';
  // A comma ends an option unless it is doubled.
  return `driver=qcow2${encryption},file.driver=file,file.filename=${path.replaceAll(',', ',,')}`;
}
