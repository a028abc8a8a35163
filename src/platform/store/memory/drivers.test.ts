import { driverConformance } from '#platform/store/conformance.ts';
import { memoryDrivers } from '#platform/store/memory/drivers.ts';

driverConformance(
  'memory',
  () => {
    const drivers = memoryDrivers();
    return () => drivers;
  },
  1000,
);

driverConformance(
  'memory, with rows kept as of a remote driver',
  () => {
    const drivers = memoryDrivers({ isRemote: true });
    return () => drivers;
  },
  1000,
);
