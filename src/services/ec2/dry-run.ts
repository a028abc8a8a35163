/**
 * `DryRun`: whoever has the permission is told so, by an error, and nothing is done. Permissions are checked before any handler
 * runs, so it is enough not to run it.
 */
import type { Call, OperationDeclaration } from '#platform/service.ts';
import { fail } from '#services/ec2/errors.ts';

export function withDryRun<Operations extends Readonly<Record<string, OperationDeclaration>>>(
  operations: Operations,
): Operations {
  const entries = Object.entries(operations).map(([name, operation]) => {
    const handler = (input: { readonly DryRun?: boolean }, call: Call): unknown =>
      // Its own input, as it came.
      input.DryRun === true ? fail('DryRunOperation') : operation.handler(input as never, call);
    return [name, { ...operation, handler }];
  });
  // The same names, each with what it had.
  return Object.fromEntries(entries) as Operations;
}
