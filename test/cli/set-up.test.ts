/** `makonis set-up` on hosts that lack programs: a PATH of the test's own, with an apt-get that notes what it was asked for. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ROOT } from '#test/cli/makonis.ts';

const notRoot = process.getuid?.() !== 0 && 'needs root';

/** A folder that has the shell and these programs, as the whole PATH. */
function host(t: TestContext, programs: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), 'makonis-host-'));
  t.after(() => rmSync(folder, { recursive: true }));
  symlinkSync('/bin/sh', join(folder, 'sh'));
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  return {
    setUp: (...args: readonly string[]) =>
      spawnSync(process.execPath, [join(ROOT, 'src/cli/main.ts'), 'set-up', ...args], {
        encoding: 'utf8',
        env: { PATH: folder, NODE_NO_WARNINGS: '1' },
      }),
    asked: () => readFileSync(join(folder, 'asked'), 'utf8').trim().split('\n'),
  };
}

/** Each program that is looked for, by its package. */
const installing = `
folder="\${0%/*}"
echo "$*" >> "$folder/asked"
for package in "$@"; do
  case "$package" in
    qemu-system-x86) programs=qemu-system-x86_64 ;;
    qemu-utils) programs=qemu-img ;;
    util-linux) programs=setpriv ;;
    iproute2) programs=ip ;;
    nftables) programs=nft ;;
    e2fsprogs) programs='mkfs.ext4 debugfs' ;;
    debootstrap) programs=debootstrap ;;
    *) programs= ;;
  esac
  for program in $programs; do /bin/cp "$folder/sh" "$folder/$program"; done
done`;

test('what machines take is installed, all at once, and nothing when it is there', { skip: notRoot }, (t) => {
  const { setUp, asked } = host(t, { 'apt-get': installing });
  const first = setUp();
  assert.equal(first.status, 0, first.stderr);
  assert.match(
    first.stdout,
    /^makonis: installing Debian packages for virtual machines: qemu-system-x86, qemu-utils, .*debootstrap …\n$/,
  );
  const [version, update, install, ...more] = asked();
  assert.equal(version, '--version');
  assert.match(update ?? '', /DPkg::Lock::Timeout=\d+ update$/);
  assert.match(
    install ?? '',
    / install -y .* qemu-system-x86 qemu-utils util-linux iproute2 nftables e2fsprogs debootstrap$/,
  );
  assert.deepEqual(more, []);

  const second = setUp();
  assert.deepEqual([second.status, second.stdout], [0, '']);
  assert.equal(asked().length, 3);
});

test('a host without apt-get, and one whose apt-get fails: what will be missing is said, and the cloud may start', (t) => {
  for (const programs of [{}, { 'apt-get': '[ "$1" = --version ] || { echo "E: no network" >&2; exit 100; }' }]) {
    const { status, stdout } = host(t, programs).setUp();
    assert.equal(status, 0);
    assert.match(
      stdout,
      /there will be no virtual machines, .*until you install what they take: apt-get install qemu-system-x86 /,
    );
    if ('apt-get' in programs && !notRoot) assert.match(stdout, /E: no network/);
  }
});

test('options are for up', (t) => {
  const { status, stderr } = host(t, {}).setUp('--port', '1');
  assert.equal(status, 1);
  assert.match(stderr, /set-up takes no options/);
});
