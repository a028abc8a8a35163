/** What a guest has said and shown. All of it was made by the guest: it is handed on as bytes, and never looked into. */

import { MachineError } from '#platform/compute/machine.ts';
import type {
  GetConsoleOutputRequest,
  GetConsoleOutputResult,
  GetConsoleScreenshotRequest,
  GetConsoleScreenshotResult,
  GetPasswordDataRequest,
  GetPasswordDataResult,
} from '#platform/model/generated/ec2.ts';
import type { Call } from '#platform/service.ts';
import { fail } from '#services/ec2/errors.ts';
import { findInstance } from '#services/ec2/instances/instances.ts';
import type { Ec2Parts } from '#services/ec2/parts.ts';

export const getConsoleOutput =
  ({ host }: Ec2Parts) =>
  async ({ InstanceId: id }: GetConsoleOutputRequest, call: Call): Promise<GetConsoleOutputResult> => {
    const { createdAt } = call.partition.read((tx) => findInstance(tx, id));
    const output = (await host?.machines.consoleOutput(id)) ?? Buffer.alloc(0);
    if (output.length === 0) return { InstanceId: id, Timestamp: createdAt };
    return { InstanceId: id, Timestamp: call.now, Output: output.toString('base64') };
  };

export const getConsoleScreenshot =
  ({ host }: Ec2Parts) =>
  async ({ InstanceId: id }: GetConsoleScreenshotRequest, call: Call): Promise<GetConsoleScreenshotResult> => {
    const { state } = call.partition.read((tx) => findInstance(tx, id));
    if (state !== 'running' || host === undefined) return fail('InstanceNotRunning', id);
    try {
      return { InstanceId: id, ImageData: (await host.machines.screenshot(id)).toString('base64') };
    } catch (error) {
      // It has ended meanwhile.
      if (error instanceof MachineError && error.problem === 'not-running') return fail('InstanceNotRunning', id);
      throw error;
    }
  };

/** The agent of a Windows guest writes it to its serial line; of other guests there is none, and AWS answers the same emptiness. */
export function getPasswordData({ InstanceId: id }: GetPasswordDataRequest, { tx, now }: Call): GetPasswordDataResult {
  findInstance(tx, id);
  return { InstanceId: id, Timestamp: now, PasswordData: '' };
}
