/**
 * Whether an account lets anybody use the serial console of its instances in a region: nobody, until it says so (User Guide, "Manage
 * account access to the EC2 serial console"). Who then may is a matter of permissions, of whoever opens the way.
 */
import type * as Model from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import { jsonRows, table } from '#platform/store/keys.ts';
import type { ReadTransaction } from '#platform/store/store.ts';

const access = table('serial-console-access', [], jsonRows<{ readonly isEnabled: boolean }>(1));

export const hasSerialConsole = (tx: ReadTransaction): boolean => tx.get(access, access.key())?.isEnabled ?? false;

const setAccess =
  (isEnabled: boolean) =>
  (_: unknown, { tx }: Call) => {
    tx.put(access, access.key(), { isEnabled });
    return { SerialConsoleAccessEnabled: isEnabled };
  };

export const enableSerialConsoleAccess: (input: unknown, call: Call) => Model.EnableSerialConsoleAccessResult =
  setAccess(true);
export const disableSerialConsoleAccess: (input: unknown, call: Call) => Model.DisableSerialConsoleAccessResult =
  setAccess(false);

export const getSerialConsoleAccessStatus = (_: unknown, { tx }: Call): Model.GetSerialConsoleAccessStatusResult => ({
  SerialConsoleAccessEnabled: hasSerialConsole(tx),
  ManagedBy: 'account',
});
