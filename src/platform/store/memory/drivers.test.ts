import { driverConformance } from '#platform/store/conformance.ts';
import type { StoreDrivers } from '#platform/store/driver.ts';
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
    const drivers = memoryDrivers();
    const open: StoreDrivers['open'] = (region) => Object.assign(drivers.open(region), { isRemote: true as const });
    return () => ({ ...drivers, open });
  },
  1000,
);
