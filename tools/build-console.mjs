/** Builds the web console, if what is built is older than what it is built of. */
import { buildConsole, findNode } from '../bin/runtime.mjs';

buildConsole(findNode());
