import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { seconds, systemClock } from '#platform/base/clock.ts';
import { machineUid } from '#platform/compute/machine-uid.ts';
import { TINY_GUEST } from '#platform/compute/qemu/layers.fixture.ts';
import {
  ask,
  diskOf,
  isRoot,
  openHost,
  SERVER,
  skip,
  spec,
  type TestHost,
  tell,
} from '#platform/compute/qemu/machines.fixture.ts';
import { folderOf, processes } from '#platform/compute/qemu/processes.ts';
import { openQmp } from '#platform/compute/qemu/qmp.ts';
import { until } from '#test/until.ts';

const [ID, VOLUME, SECOND] = ['i-0123456789abcdef0', 'vol-0123456789abcdef0', 'vol-0123456789abcdef1'];
const asRoot = { skip: skip || (!isRoot && 'not root') };

const pidOf = (host: TestHost): number => {
  const found = processes().find((each) => folderOf(each) === host.folderOf(ID));
  assert.ok(found, 'there is no process');
  return found.pid;
};

async function ready(t: Parameters<typeof openHost>[0]): Promise<TestHost> {
  const host = await openHost(t);
  await host.machines.start(spec(ID, [host.addDisk(VOLUME)]));
  await host.console(ID, 'ready');
  return host;
}

test('the boot sector is what tiny-guest.S says', { skip: spawnSync('as', ['--version']).error && 'no as' }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'makonis-guest-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [object, binary] = [join(folder, 'o'), join(folder, 'b')];
  execFileSync('as', ['--32', '-o', object, join(import.meta.dirname, 'tiny-guest.S')]);
  execFileSync('ld', ['-m', 'elf_i386', '-Ttext', '0x7c00', '-e', '0', '--oformat', 'binary', '-o', binary, object]);
  assert.deepEqual(readFileSync(binary), TINY_GUEST);
});

test('a machine boots from its disk, is found again, and leaves nothing but its console', { skip }, async (t) => {
  const host = await ready(t);
  assert.equal(await ask(host.machines, ID, 'wa'), 'k');
  const pid = pidOf(host);
  // What runs is left as it is.
  await host.machines.start(spec(ID, []));
  await host.reopen();
  assert.deepEqual([...(await host.machines.running())], [ID]);
  assert.equal(pidOf(host), pid);
  assert.equal(await host.machines.isResponsive(ID), true);
  assert.equal(await ask(host.machines, ID, 'r'), 'a');

  await host.machines.kill(ID);
  await host.machines.kill(ID);
  assert.deepEqual(host.endings, [[ID, 'killed']]);
  assert.deepEqual([...(await host.machines.running())], []);
  assert.equal(await host.machines.isResponsive(ID), false);
  assert.equal(existsSync(`/proc/${pid}`), false);
  assert.equal(host.layers.readSector(VOLUME, 0), 'a');
  assert.match((await host.machines.consoleOutput(ID)).toString(), /ready/);
  assert.deepEqual(readdirSync(host.folderOf(ID)), ['console']);
  if (isRoot) assert.equal(statSync(join(host.folder, 'layers', `${VOLUME}.0`)).uid, SERVER.uid);
  await host.machines.forget(ID);
  assert.deepEqual(readdirSync(join(host.folder, 'machines')), []);
});

test('how a machine ends is told, also when nobody was there to see it', { skip }, async (t) => {
  const host = await ready(t);
  await tell(host.machines, ID, 'p');
  await until(() => host.endings.length === 1, 'its end is told');
  await host.machines.start(spec(ID, [host.addDisk(SECOND)]));
  await host.console(ID, 'ready');
  const serial = await host.machines.connect(ID, 'serial');
  await host.machines.close();
  serial.end('p');
  await untilOff(host);
  // Whoever takes it up dies before it is noted: the next one hears of it again.
  const pid = pidOf(host);
  host.noting = new Promise(() => {});
  await host.reopen();
  await until(() => host.endings.length === 2, 'its end is told');
  assert.deepEqual([...(await host.machines.running())], []);
  assert.equal(pidOf(host), pid);
  host.noting = Promise.resolve();
  await host.reopen();
  await until(() => host.endings.length === 3, 'its end is told again');
  assert.deepEqual(host.endings.slice(1), Array(2).fill([ID, 'guest-shutdown']));
  await until(() => !existsSync(`/proc/${pid}`), 'its process is gone');

  await host.machines.start(spec(ID, [diskOf(VOLUME)]));
  process.kill(pidOf(host), 'SIGKILL');
  await until(() => host.endings.length === 4, 'its end is told');
  assert.deepEqual(host.faults, [`Error: ${ID} has failed: QEMU said nothing`]);
  assert.deepEqual(host.endings, [
    [ID, 'guest-shutdown'],
    [ID, 'guest-shutdown'],
    [ID, 'guest-shutdown'],
    [ID, 'failed'],
  ]);
});

/** As a monitor sees it that is nobody's. */
async function untilOff({ folder }: TestHost): Promise<void> {
  const nothing = { onEvent: () => {}, onClose: () => {} };
  const monitor = await openQmp(join(folder, 'machines', ID, 'qmp'), systemClock, nothing);
  const isOff = async () => JSON.stringify(await monitor.run('query-status')).includes('"shutdown"');
  await until(isOff, 'the guest is off');
  monitor.close();
}

test('a guest whose kernel has stopped is not responsive until it is reset', { skip }, async (t) => {
  const host = await ready(t);
  assert.equal(await host.machines.isResponsive(ID), true);
  await tell(host.machines, ID, 'x');
  await until(async () => !(await host.machines.isResponsive(ID)), 'it has panicked');
  await host.machines.reset(ID);
  await until(() => host.machines.isResponsive(ID), 'it runs again');
  assert.deepEqual(host.endings, []);
});

test('a guest that is reset, or resets itself, goes on', { skip }, async (t) => {
  const host = await ready(t);
  const count = async () => (await host.machines.consoleOutput(ID)).toString().split('ready').length - 1;
  await host.machines.reset(ID);
  await until(async () => (await count()) === 2, 'it is ready again');
  await tell(host.machines, ID, 't');
  await until(async () => (await count()) === 3, 'it is ready once more');
  assert.deepEqual(host.endings, []);
});

/** The driver waits for a guest that does not let go of something; in a time of its own. */
async function refused({ clock }: TestHost, detach: () => Promise<void>): Promise<void> {
  let isOver = false;
  const waiting = assert.rejects(detach(), { problem: 'guest-refuses' }).finally(() => (isOver = true));
  await until(() => {
    clock.advance(seconds(1));
    return isOver;
  }, 'it has waited long enough');
  await waiting;
}

test('of a console without end the last 64 KiB are kept', { skip }, async (t) => {
  const host = await ready(t);
  const console = join(host.folderOf(ID), 'console');
  await tell(host.machines, ID, 'f');
  await until(() => statSync(console).size > 100_000, 'it has written much');
  host.clock.advance(seconds(5));
  await until(() => statSync(console).size < 100_000, 'it is bounded');
  const said = await host.machines.consoleOutput(ID);
  assert.equal(said.length, 65_536);
  assert.match(said.toString('latin1'), /^f+$/);
});

test('disks come and go while it runs', { skip }, async (t) => {
  const host = await ready(t);
  const disk = { ...host.addDisk(SECOND), isBoot: false };
  const path = join(host.folderOf(ID), `${SECOND}.0`);
  await host.machines.attachDisk(ID, disk);
  await host.machines.attachDisk(ID, disk);
  await host.machines.limitDisk(ID, SECOND, { iops: 100, bytesPerSecond: 2 ** 20 });
  host.layers.sizeGiB = 2;
  await host.machines.resizeDisk(ID, SECOND);
  await refused(host, () => host.machines.detachDisk(ID, SECOND, false));
  assert.ok(existsSync(path));

  // The guest lets go now. In that very moment QEMU may still use what is below: who was refused asks again.
  await tell(host.machines, ID, 'e');
  const detached = (): Promise<boolean> =>
    host.machines.detachDisk(ID, SECOND, false).then(
      () => true,
      () => false,
    );
  await until(detached, 'the disk is gone');
  await host.machines.detachDisk(ID, SECOND, false);
  assert.equal(existsSync(path), false);
  const info = execFileSync('qemu-img', ['info', '--output=json', join(host.folder, 'layers', `${SECOND}.0`)]);
  assert.equal(JSON.parse(info.toString())['virtual-size'], 2 * 2 ** 30);
});

test('a disk is taken from a guest that does not let go of it, and comes back when it does', { skip }, async (t) => {
  const host = await ready(t);
  const disk = { ...host.addDisk(SECOND), isBoot: false };
  await host.machines.attachDisk(ID, disk);
  await host.machines.detachDisk(ID, SECOND, true);
  assert.equal(existsSync(join(host.folderOf(ID), `${SECOND}.0`)), false);
  // Nobody has it open: it takes a lock to check it.
  execFileSync('qemu-img', ['check', '-q', '-r', 'all', join(host.folder, 'layers', `${SECOND}.0`)]);
  await assert.rejects(host.machines.attachDisk(ID, disk), { problem: 'guest-refuses' });
  await tell(host.machines, ID, 'e');
  await until(
    () =>
      host.machines.attachDisk(ID, disk).then(
        () => true,
        () => false,
      ),
    'it is attached again',
  );
});

test('a disk that boots may be taken as well, and the guest reads nothing more', { skip }, async (t) => {
  const host = await ready(t);
  assert.equal(await ask(host.machines, ID, 'wa'), 'k');
  await host.machines.detachDisk(ID, VOLUME, true);
  assert.equal(await ask(host.machines, ID, 'r'), '\0');
  assert.equal(host.layers.readSector(VOLUME, 0), 'a');
});

test('a snapshot is what was written before the machine went on to a new layer', { skip }, async (t) => {
  const host = await ready(t);
  await ask(host.machines, ID, 'wa');
  host.layers.addLayer(VOLUME);
  await host.machines.switchLayer(ID, VOLUME);
  await host.machines.switchLayer(ID, VOLUME);
  assert.equal(await ask(host.machines, ID, 'r'), 'a');
  await ask(host.machines, ID, 'wb');
  host.layers.addLayer(VOLUME);
  await host.machines.switchLayer(ID, VOLUME);
  await ask(host.machines, ID, 'wc');
  assert.equal(await ask(host.machines, ID, 'r'), 'c');
  await host.machines.kill(ID);
  assert.deepEqual(
    [0, 1, 2].map((layer) => host.layers.readSector(VOLUME, layer)),
    ['a', 'b', 'c'],
  );
  await host.machines.start(spec(ID, [diskOf(VOLUME)]));
  await host.console(ID, 'ready');
  assert.equal(await ask(host.machines, ID, 'r'), 'c');
});

test('an encrypted disk boots, and its key stands nowhere', { skip }, async (t) => {
  const host = await openHost(t);
  const key = Buffer.from('0123456789abcdef0123456789abcdef');
  await host.machines.start(spec(ID, [host.addDisk(VOLUME, key)]));
  await host.console(ID, 'ready');
  assert.equal(await ask(host.machines, ID, 'wa'), 'k');
  assert.equal(await ask(host.machines, ID, 'r'), 'a');
  const words = readFileSync(`/proc/${pidOf(host)}/cmdline`, 'latin1');
  assert.ok(!words.includes(key.toString()) && !words.includes(key.toString('base64')));
});

test('the screen can be seen and spoken to', { skip }, async (t) => {
  const host = await ready(t);
  const picture = await host.machines.screenshot(ID);
  assert.equal(picture.toString('latin1', 1, 4), 'PNG');
  const [width, height] = [picture.readUInt32BE(16), picture.readUInt32BE(20)];
  assert.deepEqual([width, height], [720, 400]);
  const screen = await host.machines.connect(ID, 'screen');
  const [hello] = await once(screen, 'data');
  screen.destroy();
  assert.match(String(hello), /^RFB 003\.008\n/);
});

test('a machine that can’t be started says why, and leaves nothing', { skip }, async (t) => {
  const host = await openHost(t);
  const disk = host.addDisk(VOLUME);
  await assert.rejects(host.machines.start({ ...spec(ID, [disk]), vcpus: 100_000 }), /CPU|cpu/);
  await assert.rejects(host.machines.start(spec(ID, [{ ...disk, volume: SECOND }])), { problem: 'failed' });
  assert.deepEqual([...(await host.machines.running())], []);
  assert.deepEqual(host.endings, []);
  assert.deepEqual(readdirSync(host.folderOf(ID)), ['console']);
});

test('a machine’s process is nobody else’s user, and can do little', asRoot, async (t) => {
  const host = await ready(t);
  const status = readFileSync(`/proc/${pidOf(host)}/status`, 'utf8');
  const uid = machineUid(ID);
  const facts = Object.fromEntries(status.split('\n').map((line) => line.split(/:\s+/, 2) as [string, string]));
  assert.equal(facts['Uid'], `${uid}\t${uid}\t${uid}\t${uid}`);
  assert.equal(facts['Gid'], `${uid}\t${uid}\t${uid}\t${uid}`);
  assert.equal(facts['NoNewPrivs'], '1');
  assert.equal(facts['Seccomp'], '2');
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) assert.equal(facts[set], '0000000000000000');
  const own = statSync(`/run/netns/${host.namespace}`).ino;
  assert.equal(readlinkSync(`/proc/${pidOf(host)}/ns/net`), `net:[${own}]`);
  assert.match(readFileSync(`/proc/${pidOf(host)}/limits`, 'utf8'), /Max core file size\s+0 /);
  const folder = host.folderOf(ID);
  assert.equal(mode(folder), `750 ${SERVER.uid} ${uid}`);
  // Who may write to a socket may connect: the server alone.
  for (const socket of ['qmp', 'vnc', 'serial']) {
    assert.match(mode(join(folder, socket)), new RegExp(`^7[045][045] ${SERVER.uid} `));
  }
  assert.equal(mode(join(folder, `${VOLUME}.0`)), `660 ${uid} ${SERVER.gid}`);
  const share = `makonis-${host.namespace}`;
  const groups = readFileSync(`/proc/${pidOf(host)}/cgroup`, 'utf8');
  if (existsSync('/sys/fs/cgroup/memory')) assert.match(groups, new RegExp(`:memory:/${share}/${ID}\n`));
  await host.machines.kill(ID);
  const left = ['cpu', 'memory', 'pids', ''].filter((name) => existsSync(join('/sys/fs/cgroup', name, share)));
  assert.deepEqual(left, []);
});

const mode = (path: string): string => {
  const { mode: bits, uid, gid } = statSync(path);
  return `${(bits & 0o7777).toString(8)} ${uid} ${gid}`;
};
