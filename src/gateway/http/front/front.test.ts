/**
 * A front answers as the engine's own listener does: the same tests, over it. Here all that have a body are passed on; what is carried with one
 * is tested in carried.test.ts.
 */
import { listenBy } from '../http1-server.fixture.ts';
import { startFrontHere } from './in-this-thread.fixture.ts';

listenBy((options) => startFrontHere(options, 0));
await import('../http1-server.test.ts');
await import('../http1-deadlines.test.ts');
