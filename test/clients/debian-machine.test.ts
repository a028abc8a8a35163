/**
 * Debian 12 as it is offered: built when it is first launched, by hostd, as the server is not root any more; started, and set up by cloud-init,
 * which finds its data source without being told; entered as `admin`. The build takes some minutes and downloads some 200 MB, so it is
 * done only when asked for: `BUILDS_DEBIAN=1 npm test -- test/clients/debian-machine.test.ts`.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { computeFolders } from '#hostd/protocol.ts';
import { program } from '#test/cli/makonis.ts';
import { commandLine, noSsh, secureShell } from '#test/clients/ec2-shell.ts';
import { noMachines } from '#test/machines.ts';
import { until } from '#test/until.ts';

const notAsked = process.env['BUILDS_DEBIAN'] === undefined && 'only with BUILDS_DEBIAN=1';
const noDebootstrap = spawnSync('debootstrap', ['--version']).error !== undefined && 'no debootstrap here';
/** Not the default, which another cloud of this machine may have. */
const PUBLIC = '198.18.77.0/24';
const USER_DATA = '#!/bin/sh\necho from user data > /var/tmp/mark\n';

test('Debian 12, built by a server that is not root', {
  skip: notAsked || noMachines || noSsh || noDebootstrap,
  timeout: 3_000_000,
}, async (t) => {
  const cloud = program(t);
  const up = await cloud.run('up', '--detach', '--port', '0', '--public-addresses', PUBLIC);
  assert.equal(up.code, 0, up.err);
  const [pid = 0] = cloud.state().pids;
  assert.notEqual(statSync(`/proc/${pid}`).uid, 0);
  const aws = commandLine(cloud, await cloud.settings());

  const key = join(cloud.home, 'debian.pem');
  writeFileSync(key, `${await aws('create-key-pair --key-name debian --key-type ed25519', 'KeyMaterial')}\n`);
  chmodSync(key, 0o600);
  const data = join(cloud.home, 'user-data');
  writeFileSync(data, USER_DATA);
  const image = await aws(
    'describe-images --owners amazon --filters Name=name,Values=debian-12-*',
    'Images[0].ImageId',
  );
  assert.match(image, /^ami-/, 'it is offered');
  const id = await aws(
    `run-instances --image-id ${image} --instance-type t3.micro --key-name debian --user-data file://${data}`,
    'Instances[0].InstanceId',
  );
  const began = performance.now();
  // The waiter of the command line gives up after ten minutes.
  for (let state = 'pending'; state !== 'running'; ) {
    state = await aws(`describe-instances --instance-ids ${id}`, 'Reservations[0].Instances[0].State.Name');
    assert.ok(['pending', 'running'].includes(state), `it is ${state}`);
    if (state === 'pending') await aws(`wait instance-running --instance-ids ${id}`).catch(() => {});
  }
  t.diagnostic(`built and started in ${((performance.now() - began) / 1000).toFixed(0)} s`);
  assert.deepEqual(readdirSync(computeFolders(cloud.data).builds), []);

  const group = await aws(
    `describe-instances --instance-ids ${id}`,
    'Reservations[0].Instances[0].SecurityGroups[0].GroupId',
  );
  await aws(`authorize-security-group-ingress --group-id ${group} --protocol tcp --port 22 --cidr 0.0.0.0/0`);
  const address = await aws(`describe-instances --instance-ids ${id}`, 'Reservations[0].Instances[0].PublicIpAddress');
  await aws(`wait instance-status-ok --instance-ids ${id}`);
  const inside = secureShell(cloud, key, 'admin');
  // Emulated, and beside other tests, it takes minutes.
  await until(
    () =>
      inside(address, 'true').then(
        () => true,
        () => false,
      ),
    'it answers',
    900,
  );
  const setUp = await inside(address, 'sudo cloud-init status --wait --long || true');
  const complaints = "sudo grep -hE 'WARN|ERROR|Traceback|^[A-Za-z.]*Error' /var/log/cloud-init.log || true";
  assert.match(setUp, /status: done[\s\S]*DataSourceEc2/, await inside(address, complaints));
  assert.equal(await inside(address, 'cat /var/tmp/mark'), 'from user data');
  assert.match(await inside(address, 'cat /etc/os-release'), /VERSION_CODENAME=bookworm/);
  assert.equal(await inside(address, 'sudo cloud-init query instance_id'), id);
  assert.equal(await inside(address, 'stat -c "%U %a" /usr/bin/sudo /'), 'root 4755\nroot 755');

  await aws(`terminate-instances --instance-ids ${id}`);
  await aws(`wait instance-terminated --instance-ids ${id}`);
  await cloud.run('down');
  assert.equal(spawnSync('pgrep', ['-f', id]).status, 1, 'no process of it is left');
});
