/** Ways to what runs: its screen, with keyboard and mouse, and its serial line. Who may is decided by who hands them out (makonis). */
import { present } from '#platform/base/assert.ts';
import type { Host } from '#platform/compute/host.ts';
import type { Store } from '#platform/store/store.ts';
import type { InstancesApi } from '#services/ec2/api.ts';
import { instances } from '#services/ec2/instances/state.ts';

export const instancesApi = (store: Store, host: () => Promise<Host | undefined>): InstancesApi => ({
  connection({ account, region, id }, target) {
    const partition = store.partition({ service: 'ec2', account, region });
    const isRunning = partition.read((tx) => instances.find(tx, id)?.state === 'running');
    return isRunning
      ? async () => await present(await host(), 'an instance runs on a host').machines.connect(id, target)
      : undefined;
  },
});
