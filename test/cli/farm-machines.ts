/** Machines of a test: namespaces with an address each in one network, shells in them, and what stands in for the outside. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Told } from '#test/cli/farm-clients.ts';
import { ROOT } from '#test/cli/makonis.ts';
import { until } from '#test/until.ts';

export interface Machine {
  /** Types these lines into its shell; answers what they say. Throws at the first that fails. */
  run(commands: string): Promise<string>;
}

export interface Clients {
  /** Each address has answered since the last time, but that of who is `dead`. */
  progress(what: string, dead?: string): Promise<void>;
  end(): Promise<NonNullable<Told['ended']>>;
}

export interface Machines {
  machine(name: string): Machine;
  /** On a machine of their own, with the keys that `node-1` shows. */
  startClients(): Promise<Clients>;
}

const node = dirname(dirname(process.execPath));

/** Stand-ins, by name. `$FARM` is the folder of all machines. */
const PROGRAMS: Readonly<Record<string, string>> = {
  // What is used of the packages was installed with the tests; PostgreSQL's makes a cluster when it is installed.
  'apt-get': `
for word in "$@"; do case "$word" in
  install|update|-y) ;;
  nodejs|npm|git|nfs-common|nfs-kernel-server) ;;
  postgresql) dpkg -s postgresql > /dev/null && pg_createcluster "$(ls /usr/lib/postgresql | tail -1)" main --start -- --no-sync ;;
  *) dpkg -s "$word" > /dev/null ;;
esac || exit 1; done`,
  systemctl: `
test "$1" = restart || exit 1
case "$2" in
  postgresql) pg_ctlcluster "$(ls /etc/postgresql)" main restart ;;
  haproxy) haproxy -D -f /etc/haproxy/haproxy.cfg -p /run/haproxy.pid ;;
  *) exit 1 ;;
esac`,
  scp: `
case "$1" in
  root@db:*) cp "$FARM/db\${1#*:}" "$2" ;;
  root@10.0.0.11:*) cp "$FARM/node-1\${1#*:}" "$2" ;;
  *) exit 1 ;;
esac`,
  exportfs: `test "$1" = -ra && grep -q '^/srv/makonis ' /etc/exports`,
  mount: `test "$1" = /srv/makonis && grep -q '^db:/srv/makonis /srv/makonis nfs4 ' /etc/fstab && exec /bin/mount --bind "$FARM/db/srv/makonis" /srv/makonis`,
};

export async function makeMachines(t: TestContext, addresses: Readonly<Record<string, string>>): Promise<Machines> {
  const folder = mkdtempSync(join(tmpdir(), 'makonis-farm-'));
  chmodSync(folder, 0o755);
  const shells: ChildProcess[] = [];
  t.after(async () => {
    for (const shell of shells) await ended(shell);
    rmSync(folder, { recursive: true, force: true });
  });
  writePrograms(folder);
  const shellOf = (program: string, ...args: string[]): ChildProcess => {
    const shell = spawn(program, args, { stdio: 'pipe', cwd: '/' });
    shells.push(shell);
    return shell;
  };
  const outer = shellOf('unshare', '-nm', 'bash');
  const lan = machineOn(outer);
  // Their disks are memory, which goes with them.
  await lan.run(
    `ip link add lan type bridge && ip link set lan up && mkdir ${folder}/m && mount -t tmpfs none ${folder}/m`,
  );
  const made = new Map<string, { shell: ChildProcess; machine: Machine }>();
  for (const [name, address] of Object.entries({ ...addresses, client: '10.0.0.100' })) {
    const within = [
      '-t',
      String(outer.pid),
      '-m',
      'unshare',
      '-nmpu',
      '--fork',
      '--kill-child',
      '--mount-proc',
      'bash',
    ];
    const shell = shellOf('nsenter', ...within);
    const machine = machineOn(shell);
    made.set(name, { shell, machine });
    await machine.run('true');
    const ends = ['link', 'add', name, 'netns', String(outer.pid), 'type', 'veth', 'peer', 'name', 'eth0'];
    execFileSync('ip', [...ends, 'netns', String(shell.pid)]);
    await lan.run(`ip link set ${name} master lan up`);
    await machine.run(`ip link set lo up && ip link set eth0 up && ip address add ${address}/24 dev eth0`);
    await machine.run(setUp(folder, name));
  }
  const machine = (name: string): Machine => made.get(name)?.machine ?? assert.fail(`no machine ${name}`);
  const endpoints = ['10.0.0.10', ...Object.values(addresses).slice(1)].map((address) => `http://${address}:4566`);
  return {
    machine,
    startClients: () => startClients(t, made.get('client')?.shell ?? assert.fail(), machine('node-1'), endpoints),
  };
}

function writePrograms(folder: string): void {
  mkdirSync(join(folder, 'bin'));
  for (const [name, text] of Object.entries(PROGRAMS)) {
    writeFileSync(join(folder, 'bin', name), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
  }
}

/** Once, before anything is typed. Nothing is made outside of the machine: what it changes of a folder lies in its own. */
function setUp(folder: string, name: string): string {
  const own = join(folder, 'm', name);
  const layered = ['/etc', '/var'].map((path) => {
    const [upper, work] = [own + path, `${own}/work${path}`];
    const options = `lowerdir=${path},upperdir=${upper},workdir=${work}`;
    return `mkdir -p ${upper} ${work} && mount -t overlay overlay -o ${options} ${path}`;
  });
  const empty = ['/root', '/run', '/srv', '/opt'].map(
    (path) => `mkdir -p ${own}${path} && mount --bind ${own}${path} ${path}`,
  );
  return [
    ...layered,
    // What it is compiled to is the same for all of them.
    `mkdir -p ${folder}/m/cache /var/cache/makonis && mount --bind ${folder}/m/cache /var/cache/makonis`,
    `mkdir -p ${own}/opt/node ${own}/opt/makonis && mount --bind ${node} ${own}/opt/node && mount --bind ${ROOT} ${own}/opt/makonis && mount -o remount,bind,ro ${own}/opt/makonis`,
    ...empty.map((line) => line.replace('--bind', '--rbind')),
    'rm -rf /etc/postgresql/* /var/lib/postgresql/* /etc/makonis /var/lib/makonis && (! id makonis || userdel makonis) > /dev/null 2>&1',
    'install -d -o postgres -g postgres -m 2775 /run/postgresql && chmod 700 /root',
    `hostname ${name} && export HOME=/root FARM=${folder}/m NODE_NO_WARNINGS=1`,
    `export PATH=${folder}/bin:/opt/node/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    'unset XDG_CACHE_HOME NODE_COMPILE_CACHE NODE_TEST_CONTEXT; cd /root',
  ].join(' && ');
}

function machineOn(shell: ChildProcess): Machine {
  const { stdin, stdout, stderr } = shell;
  assert.ok(stdin && stdout && stderr);
  let said = '';
  let wrong = '';
  stdout.on('data', (chunk) => (said += chunk));
  stderr.on('data', (chunk) => (wrong += chunk));
  let typed = 0;
  return {
    async run(commands) {
      const mark = `end of ${++typed}:`;
      [said, wrong] = ['', ''];
      // In this shell, whose variables stay, up to the first command that fails.
      stdin.write(`set -e; trap 'echo "${mark} $?"' EXIT\n${commands}\ntrap - EXIT; set +e; echo "${mark} 0"\n`);
      const end = new RegExp(`^${mark} (\\d+)$`, 'm');
      await until(() => end.test(said) || shell.exitCode !== null, commands, 120).catch((error: Error) => {
        throw new Error(`${error.message}\n${said}${wrong}`);
      });
      const [, code] = end.exec(said) ?? [];
      assert.equal(code, '0', `${commands}\n${said}${wrong}`);
      return said.replace(end, '');
    },
  };
}

/** Everything in its namespaces ends with it. */
async function ended(shell: ChildProcess): Promise<void> {
  if (shell.exitCode !== null || shell.signalCode !== null) return;
  const exit = once(shell, 'exit');
  shell.kill('SIGKILL');
  await exit;
}

async function startClients(
  t: TestContext,
  machine: ChildProcess,
  first: Machine,
  endpoints: readonly string[],
): Promise<Clients> {
  const settings = await first.run('/opt/makonis/bin/makonis env');
  const setting = (name: string): string => new RegExp(`^export ${name}=(.*)$`, 'm').exec(settings)?.[1] ?? '';
  const keys = [setting('AWS_ACCESS_KEY_ID'), setting('AWS_SECRET_ACCESS_KEY')];
  const script = join(import.meta.dirname, 'farm-clients.ts');
  const child = spawn('nsenter', ['-t', String(machine.pid), '-n', process.execPath, script, ...keys, ...endpoints], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  t.after(() => child.kill('SIGKILL'));
  const ask = async (order: string): Promise<Told> => {
    const answer = once(child, 'message') as Promise<[Told]>;
    child.send(order);
    return (await answer)[0];
  };
  await once(child, 'message');
  return {
    async progress(what, dead) {
      const expected = endpoints.filter((endpoint) => endpoint !== `http://${dead}:4566`);
      const seen = new Set<string>();
      // Of before.
      await ask('progress');
      await until(
        async () => {
          const { answered = {} } = await ask('progress');
          for (const [endpoint, count] of Object.entries(answered)) if (count > 0) seen.add(endpoint);
          return expected.every((endpoint) => seen.has(endpoint));
        },
        what,
        60,
      );
    },
    async end() {
      const { ended: told } = await ask('end');
      return told ?? assert.fail();
    },
  };
}
