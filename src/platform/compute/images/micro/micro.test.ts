/** The image as it is built, started under emulation: it answers on SSH, and its screen shows who is at the keyboard. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { micro } from '#platform/compute/images/micro/micro.ts';
import { until } from '#test/until.ts';

const missing = [...micro.needs, 'qemu-system-x86_64'].find(
  (name) => spawnSync('/bin/sh', ['-c', `PATH=$PATH:/usr/sbin:/sbin command -v ${name}`]).status !== 0,
);

/** What a server says first; empty while there is none. */
const banner = (port: number): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    // Before the guest listens, QEMU takes the connection and holds it; a login looks at a few things before it greets.
    socket.setTimeout(5000, () => socket.destroy());
    socket.once('data', (said) => {
      resolve(said.toString('latin1'));
      socket.destroy();
    });
    socket.on('error', () => resolve(''));
    socket.on('close', () => resolve(''));
  });

const freePort = (): number => 20_000 + (process.pid % 20_000);

/** A metadata service, a connection at a time, that says nothing before a file is there. It notes what it is asked. */
const METADATA = `#!/bin/sh
[ -e "$1/is-awake" ] || exit 0
while read -r method path rest; do
  while read -r name value && [ "$name" != "$(printf '\\r')" ]; do
    [ "$name" = Connection: ] && isLast=1
  done
  echo "$method $path" >>"$1/asked"
  printf 'HTTP/1.1 200 OK\\r\\nContent-Length: 4\\r\\n\\r\\nsaid'
  [ -n "$isLast" ] && exit
done
`;

/** Letters of a text screen; every other byte is a colour. */
const lettersOf = (screen: Buffer): string => screen.toString('latin1').replace(/(.)./gs, '$1');

test('a guest answers on SSH, shows its screen, asks until it is told who it is, and its power button ends it', {
  skip: missing && `no ${missing} here`,
  timeout: 300_000,
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'makonis-micro-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const signal = new AbortController().signal;
  const percents: number[] = [];
  await micro.build({ id: '', folder, onProgress: (percent) => percents.push(percent), signal });
  assert.deepEqual(
    percents,
    [...percents].sort((a, b) => a - b),
  );
  // What a guest reads before its disk.
  assert.ok(statSync(join(folder, 'initrd')).size < 3 * 2 ** 20);
  const port = freePort();
  const metadata = join(folder, 'metadata');
  writeFileSync(metadata, METADATA, { mode: 0o755 });
  const { boot } = micro.image;
  const args = [
    '-nodefaults',
    '-no-user-config',
    '-machine',
    'pc',
    '-accel',
    'tcg',
    '-cpu',
    'max',
    '-smp',
    '2',
    '-m',
    '256',
  ];
  args.push('-device', 'VGA', '-display', 'none', '-serial', 'none', '-monitor', 'stdio');
  args.push('-kernel', join(folder, 'kernel'), '-initrd', join(folder, 'initrd'));
  args.push('-append', boot.kind === 'kernel' ? boot.commandLine : '');
  args.push('-drive', `file=${join(folder, 'disk.raw')},format=raw,if=virtio`);
  args.push(
    '-netdev',
    `user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:${port}-:22,net=169.254.0.0/16,host=169.254.0.2,dns=169.254.0.3,` +
      `dhcpstart=169.254.1.10,guestfwd=tcp:169.254.169.254:80-cmd:${metadata} ${folder}`,
    '-device',
    'virtio-net-pci,netdev=net',
  );
  const guest = spawn('qemu-system-x86_64', args, { stdio: ['pipe', 'ignore', 'ignore'] });
  const ended = new Promise<number | null>((resolve) => guest.on('close', resolve));
  t.after(() => guest.kill('SIGKILL'));
  await until(async () => (await banner(port)).startsWith('SSH-2.0-dropbear'), 'SSH answers', 120);
  // Where VGA has its text.
  const screen = join(folder, 'screen');
  const shows = (what: string): boolean => {
    guest.stdin.write(`pmemsave 0xb8000 4000 "${screen}"\n`);
    return existsSync(screen) && lettersOf(readFileSync(screen)).includes(what);
  };
  await until(() => shows('[ec2-user@makonis ~]$'), 'the screen has a prompt', 60);
  // Who was not told who it is asks on.
  writeFileSync(join(folder, 'is-awake'), '');
  const asked = (): string => (existsSync(join(folder, 'asked')) ? readFileSync(join(folder, 'asked'), 'utf8') : '');
  await until(() => asked().includes('GET /latest/user-data'), 'its user data', 60);
  assert.match(asked(), /GET \/latest\/meta-data\/public-keys\/0\/openssh-key/);
  guest.stdin.write('system_powerdown\n');
  assert.equal(await ended, 0);
});
