import { SimulatedVolumes } from '#platform/compute/simulated/volumes.ts';
import { type VolumesUnderTest, volumesConformance } from '#platform/compute/volumes/conformance.ts';

const under = (volumes: SimulatedVolumes): VolumesUnderTest => ({
  volumes,
  write: async (id, block, text, key) => volumes.write(id, block, text, key),
  read: async (id, block, key) => volumes.read(id, block, key),
  reopen: async () => under(volumes),
});

volumesConformance(async () => under(new SimulatedVolumes()), { skip: false });
