/**
 * Follows docs/operate-a-farm.md to the letter: what stands in its blocks is typed on the machines that they name. The machines are
 * namespaces of this test's own (network, processes, mounts), with a root's home, an /etc and a /var of their own; they, and all that runs in them, end
 * with their shells. What the guide has of the outside is stood in for: apt-get (the packages are there), systemctl (there is no
 * systemd), scp (there is no sshd), and the NFS between machines (they share a folder).
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Machine, makeMachines } from '#test/cli/farm-machines.ts';
import { ROOT } from '#test/cli/makonis.ts';

const GUIDE = join(ROOT, 'docs', 'operate-a-farm.md');

interface Block {
  readonly heading: string;
  readonly machines: readonly string[];
  readonly commands: string;
}

/** Those that name machines: ```sh node-1 node-2 */
function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  let heading = '';
  for (const [, title, machines, commands] of text.matchAll(/^#+ (.+)$|^```sh (.+)\n((?:.*\n)*?)^```$/gm)) {
    if (title !== undefined) heading = title;
    else blocks.push({ heading, machines: (machines ?? '').split(' '), commands: commands ?? '' });
  }
  return blocks;
}

const mayNamespaces = process.getuid?.() === 0 && spawnSync('unshare', ['-nmp', '--fork', 'true']).status === 0;
const has = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0;
const MISSING = [
  [mayNamespaces, 'namespaces need root'],
  [has('sh', '-c', 'ls /usr/lib/postgresql/*/bin/initdb'), 'PostgreSQL is missing (Debian package: postgresql)'],
  [has('haproxy', '-v'), 'HAProxy is missing (Debian package: haproxy)'],
  [has('ip', '-V'), 'ip is missing (Debian package: iproute2)'],
] as const;
const skip = MISSING.find(([isThere]) => !isThere)?.[1] ?? false;

test('the guide leads from empty machines to a farm that outlasts what it says', {
  skip,
  timeout: 290_000,
}, async (t) => {
  const farm = await makeMachines(t, {
    db: '10.0.0.10',
    'node-1': '10.0.0.11',
    'node-2': '10.0.0.12',
    'node-3': '10.0.0.13',
  });
  const blocks = blocksOf(readFileSync(GUIDE, 'utf8'));
  /** In the order of the page; the machines of a block one after another. */
  const follow = async (heading: string): Promise<string> => {
    const own = blocks.filter((block) => block.heading === heading);
    assert.ok(own.length > 0, `the guide has a section "${heading}"`);
    let said = '';
    for (const { machines, commands } of own) {
      for (const name of machines) {
        said += await farm.machine(name).run(commands);
      }
      blocks.splice(
        blocks.findIndex((block) => block.commands === commands),
        1,
      );
    }
    return said;
  };

  await follow('The database');
  await follow('The folder of long bytes');
  await follow('Each node');
  const examined = await follow('The first node');
  assert.doesNotMatch(examined, /superuser|fsync|older than/);
  const status = await follow('The others');
  for (const at of ['10.0.0.11:4570', '10.0.0.12:4570', '10.0.0.13:4570']) assert.match(status, new RegExp(at));
  await follow('The load balancer');

  const clients = await farm.startClients();
  await clients.progress('all addresses and the balancer are used');
  // Its blocks: a node that stops, one that has crashed, the database.
  const [stopping, crashed, restart] = blocks.splice(0).map(({ machines, commands }) => ({ machines, commands }));
  assert.deepEqual([stopping?.machines, crashed?.machines, restart?.machines], [['node-2'], ['node-3'], ['db']]);
  const type = (block: { readonly commands: string } | undefined, machine: Machine): Promise<string> =>
    machine.run(block?.commands ?? assert.fail());
  await type(stopping, farm.machine('node-2'));
  await clients.progress('one was stopped and started');
  await farm
    .machine('node-3')
    .run('kill -9 $(grep -o \'"pids":\\[[0-9]*\' /var/lib/makonis/run/state.json | grep -o "[0-9]*$")');
  await clients.progress('one was killed', '10.0.0.13');
  const list = await type(crashed, farm.machine('node-3'));
  assert.match(list, /10\.0\.0\.13:4570/);
  await clients.progress('it is back');
  await type(restart, farm.machine('db'));
  await clients.progress('the database was restarted');

  const { refused, lost, done } = await clients.end();
  t.diagnostic(`${done} calls`);
  assert.deepEqual([refused, lost], [[], []]);
});
