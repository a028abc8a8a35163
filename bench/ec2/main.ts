/** `node bench/ec2/main.ts [api | machines [ROUNDS]]`: of a simulated host the API's own time, of this one machines beside bare QEMU. */
import { measureApi } from './api.ts';
import { measureMachines } from './machines.ts';

const [what = 'api', rounds = 5] = process.argv.slice(2);
if (what === 'machines') await measureMachines(Number(rounds));
else await measureApi();
