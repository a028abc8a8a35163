/** Rules 1 and 2: which part of the program may import which. */
import type { Import, SourceFile, Violation } from './source.ts';

type Layer =
  | 'base'
  | 'platform'
  | 'driver'
  | 'gateway'
  | 'hostd'
  | 'service'
  | 'registry'
  | 'main'
  | 'config'
  | 'cli'
  | 'outside';

/** A driver is a folder of one of these names below `platform`. */
const DRIVER = /^src\/platform\/.*\b(sqlite|postgres|memory|filesystem|qemu|linux|simulated|user)\//;

const MAY_IMPORT: Readonly<Record<Exclude<Layer, 'outside'>, readonly Layer[]>> = {
  base: ['base'],
  platform: ['base', 'platform'],
  driver: ['base', 'platform', 'driver'],
  gateway: ['base', 'platform', 'gateway'],
  // Little and apart: what holds root imports no more than the drivers that need it.
  hostd: ['base', 'platform', 'driver', 'hostd'],
  service: ['base', 'platform', 'service'],
  registry: ['base', 'platform', 'service'],
  config: ['base', 'platform', 'config'],
  main: ['base', 'platform', 'driver', 'gateway', 'service', 'registry', 'hostd', 'main'],
  cli: ['base', 'platform', 'config', 'main', 'cli', 'hostd'],
};

/** What is in src for tests: the package leaves it out. */
const FOR_TESTS = [
  /\.(test|fixture)\.ts$/,
  /\/testing\.ts$/,
  /\/simulated\//,
  /\/conformance(-\w+)?\.ts$/,
  /^src\/platform\/policy\/(reference|request-generator)\.ts$/,
];

export const isTest = (path: string): boolean =>
  !path.startsWith('src/') || FOR_TESTS.some((pattern) => pattern.test(path));

function layerOf(file: string): Layer {
  const path = file.replace(/\.(test|fixture)\.ts$/, '.ts');
  if (path.startsWith('src/platform/base/')) return 'base';
  if (DRIVER.test(path)) return 'driver';
  if (path.startsWith('src/platform/')) return 'platform';
  if (path.startsWith('src/gateway/')) return 'gateway';
  if (path.startsWith('src/hostd/')) return 'hostd';
  if (path === 'src/services/index.ts') return 'registry';
  if (path.startsWith('src/services/')) return 'service';
  if (path.startsWith('src/cli/')) return 'cli';
  if (path === 'src/main.ts' || path === 'src/storage.ts') return 'main';
  return path === 'src/config.ts' || path === 'src/config-values.ts' ? 'config' : 'outside';
}

/** Of services, what every request or every start needs. A service costs nothing until it is used. */
const AT_START: ReadonlySet<string> = new Set([
  'src/services/cloudtrail/collector.ts',
  'src/services/cloudtrail/trail-directory.ts',
  'src/services/iam/accounts/accounts.ts',
  'src/services/iam/accounts/bootstrap.ts',
  'src/services/iam/identity/identity.ts',
  'src/services/s3/storage/chores.ts',
]);

const serviceOf = (path: string): string | undefined => /^src\/services\/([^/]+)\//.exec(path)?.[1];

export function layerViolations(file: SourceFile, dependencies: ReadonlySet<string>): Violation[] {
  // Tests, benchmarks and tools look at the program from outside: they may reach any part.
  if (!file.path.startsWith('src/')) return [];
  const from = layerOf(file.path);
  if (from === 'outside') {
    const message = 'belongs to no layer: platform, gateway, services, hostd, cli, main.ts, storage.ts or config.ts';
    return [{ path: file.path, line: 1, rule: 1, message }];
  }
  return file.imports.flatMap((each) => {
    const found = problemOf(file.path, from, each, dependencies);
    return found === undefined ? [] : [{ path: file.path, line: each.line, ...found }];
  });
}

type Problem = Pick<Violation, 'rule' | 'message'>;

function problemOf(
  path: string,
  from: Exclude<Layer, 'outside'>,
  { specifier, target, isType, isLazy }: Import,
  dependencies: ReadonlySet<string>,
): Problem | undefined {
  if (target === undefined) {
    return isTest(path) ? undefined : foreignProblem(specifier, dependencies, isType || path === PACKAGES);
  }
  const to = layerOf(target);
  if (isTest(target) && !isTest(path)) return { rule: 1, message: `${specifier} is for tests` };
  const [own, other] = [serviceOf(path), serviceOf(target)];
  if (own !== undefined && other !== undefined && own !== other) {
    if (target === `src/services/${other}/api.ts` && isType) return undefined;
    return { rule: 2, message: `imports ${specifier}: of another service only \`import type\` from its api.ts` };
  }
  if ((from === 'registry' || from === 'main') && to === 'service' && !isType && !isLazy && !AT_START.has(target)) {
    return { rule: 2, message: `imports ${specifier}: a service's code loads at its first use, by \`await import\`` };
  }
  if (MAY_IMPORT[from].includes(to) || (to === 'driver' && isTest(path))) return undefined;
  // A test beside the code may use what test/ offers.
  if (to === 'outside' && isTest(path) && target.startsWith('test/')) return undefined;
  return { rule: 1, message: `${from} must not import ${to} (${specifier})` };
}

/** Who gives up root loads what this file names before; a package that others load may be out of reach then. */
const PACKAGES = 'src/platform/packages.ts';

function foreignProblem(specifier: string, dependencies: ReadonlySet<string>, mayLoad: boolean): Problem | undefined {
  if (specifier.startsWith('node:')) return undefined;
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  if (dependencies.has(name)) {
    return mayLoad ? undefined : { rule: 1, message: `${name}: packages are loaded by ${PACKAGES} alone` };
  }
  return { rule: 1, message: specifier === '' ? 'imports what only the run will tell' : `${name} is no dependency` };
}
