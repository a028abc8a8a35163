/**
 * `makonis set-up`, the first half of `npm start`: the programs that virtual machines take are installed where that can be done. All
 * else works without them, so what is missing afterwards is said, with what it costs, and is no failure.
 */
import { canInstallPackages, installPackages } from '#cli/debian-packages.ts';
import { CommandError, print } from '#cli/output.ts';
import {
  IMAGE_PROGRAMS,
  installCommand,
  missingPrograms,
  NEEDED_PROGRAMS,
  type NeededProgram,
  packagesOf,
} from '#platform/compute/needed-programs.ts';

export async function setUp(args: readonly string[]): Promise<number> {
  if (args.length > 0) throw new CommandError(`set-up takes no options, and has been given ${args.join(' ')}`);
  if (process.platform !== 'linux') {
    print('virtual machines need Linux: all else works here');
    return 0;
  }
  const wanted = [...NEEDED_PROGRAMS, ...IMAGE_PROGRAMS];
  const missing = missingPrograms(wanted);
  if (missing.length === 0) return 0;
  if (!canInstallPackages()) return lacking(missing);
  print(`makonis: installing Debian packages for virtual machines: ${packagesOf(missing).join(', ')} …`);
  const failure = installPackages(packagesOf(missing));
  if (failure !== undefined) print(failure);
  return lacking(missingPrograms(wanted));
}

function lacking(missing: readonly NeededProgram[]): number {
  const uses = [...new Set(missing.map((each) => each.for))].join(', ');
  if (missing.length > 0)
    print(`makonis: there will be no ${uses}, until you install what they take: ${installCommand(missing)}`);
  return 0;
}
