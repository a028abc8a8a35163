/**
 * The first ten minutes with EC2, as the README tells them, by AWS's command line and ssh alone: a machine is launched, entered through its
 * elastic address, gets a volume, is made an image of, and has a second one made of that; both are terminated. The machines are real, and so
 * is the network that they are in.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { program } from '#test/cli/makonis.ts';
import { commandLine, noSsh, secureShell } from '#test/clients/ec2-shell.ts';
import { noMachines } from '#test/machines.ts';
import { memoryOf } from '../../bench/ec2/guest.ts';

/** What a guest of 1 GiB may take beside what its image shares with others: 160 MB. */
const MOST_OWN_MIB = 152;

const processOf = (machine: string): number =>
  Number(spawnSync('pgrep', ['-f', `guest=${machine},`], { encoding: 'utf8' }).stdout.split('\n')[0]);

test('the first ten minutes with EC2', { skip: noMachines || noSsh, timeout: 280_000 }, async (t) => {
  const cloud = program(t);
  const up = await cloud.run('up', '--detach', '--port', '0');
  assert.equal(up.code, 0, up.err);
  const aws = commandLine(cloud, await cloud.settings());

  const key = join(cloud.home, 'first.pem');
  writeFileSync(key, `${await aws('create-key-pair --key-name first --key-type ed25519', 'KeyMaterial')}\n`);
  chmodSync(key, 0o600);
  const image = await aws(
    'describe-images --owners amazon --filters Name=name,Values=makonis-micro-*',
    'sort_by(Images, &CreationDate)[-1].ImageId',
  );
  const launch = `run-instances --image-id ${image} --instance-type t3.micro --key-name first`;
  const first = await aws(launch, 'Instances[0].InstanceId');
  await aws(`wait instance-running --instance-ids ${first}`);

  const address = await aws('allocate-address', 'PublicIp');
  await aws(`associate-address --instance-id ${first} --public-ip ${address}`);
  const group = await aws(
    `describe-instances --instance-ids ${first}`,
    'Reservations[0].Instances[0].SecurityGroups[0].GroupId',
  );
  await aws(`authorize-security-group-ingress --group-id ${group} --protocol tcp --port 22 --cidr 0.0.0.0/0`);
  await aws(`wait instance-status-ok --instance-ids ${first}`);
  const inside = secureShell(cloud, key);
  assert.match(await inside(address, 'uname -a'), /Linux/);
  await inside(address, 'echo it was here > mark; sync');
  assert.match(await inside(address, 'sudo imds get meta-data/instance-id'), new RegExp(`^${first}$`));
  assert.match(await inside(address, 'hostname'), /^ip-/);
  const { ownMiB } = memoryOf(processOf(first));
  assert.ok(ownMiB < MOST_OWN_MIB, `a guest takes ${ownMiB} MiB`);

  const zone = await aws(
    `describe-instances --instance-ids ${first}`,
    'Reservations[0].Instances[0].Placement.AvailabilityZone',
  );
  const volume = await aws(`create-volume --size 1 --volume-type gp3 --availability-zone ${zone}`, 'VolumeId');
  await aws(`wait volume-available --volume-ids ${volume}`);
  await aws(`attach-volume --volume-id ${volume} --instance-id ${first} --device /dev/sdf`);
  await aws(`wait volume-in-use --volume-ids ${volume}`);
  const disks = await inside(
    address,
    'for i in 1 2 3 4 5 6 7 8 9 10; do test -e /sys/block/vdb && break; sleep 1; done; cat /sys/block/vdb/size',
  );
  assert.equal(Number(disks), 2 ** 30 / 512);
  const snapshot = await aws(`create-snapshot --volume-id ${volume}`, 'SnapshotId');
  await aws(`wait snapshot-completed --snapshot-ids ${snapshot}`);

  const own = await aws(`create-image --instance-id ${first} --name mine --no-reboot`, 'ImageId');
  await aws(`wait image-available --image-ids ${own}`);
  const second = await aws(
    `run-instances --image-id ${own} --instance-type t3.micro --key-name first`,
    'Instances[0].InstanceId',
  );
  await aws(`wait instance-running --instance-ids ${second}`);
  const publicIp = await aws(
    `describe-instances --instance-ids ${second}`,
    'Reservations[0].Instances[0].PublicIpAddress',
  );
  await aws(`wait instance-status-ok --instance-ids ${second}`);
  assert.equal(await inside(publicIp, 'cat mark'), 'it was here');

  await aws(`terminate-instances --instance-ids ${first} ${second}`);
  await aws(`wait instance-terminated --instance-ids ${first} ${second}`);
  await aws(`delete-volume --volume-id ${volume}`);
  const { out } = await cloud.run('down');
  assert.match(out, /./);
  assert.equal(spawnSync('pgrep', ['-f', first]).status, 1, 'no process of it is left');
});
