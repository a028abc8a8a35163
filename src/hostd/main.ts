/** Starts hostd, as a process of its own; loaded for the compile cache it does nothing. */
import type { HostdSettings } from '#hostd/protocol.ts';
import { serve } from '#hostd/serve.ts';

const [, , settings] = process.argv;
// Of our own making: hostd.ts.
if (settings !== undefined) serve(JSON.parse(settings) as HostdSettings);
