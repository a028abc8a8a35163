/** What is said between the server and hostd, over the channel that the one inherits from the other. */
import type { User } from '#platform/compute/qemu/machine-folder.ts';

/** Fixed when hostd is started, by whoever starts the cloud: nothing of it can be said later. */
export interface HostdSettings {
  /** The cloud's data folder. */
  readonly data: string;
  /** Who the server is once it has given up root. */
  readonly server: User;
  /** Tells the clouds of one machine apart. */
  readonly tag: string;
  readonly publicCidr: string;
  /** It is root in a namespace of users alone, and an ordinary user outside: see user-namespace.ts. */
  readonly inUserNamespace?: { readonly closedToGuests: readonly string[]; readonly wayOutLink: string };
}

export interface Order {
  readonly id: number;
  readonly command: string;
  readonly input: unknown;
}

/** Handles and progress come one by one, before the value or the error. */
export type Reply =
  | { readonly id: number; readonly handle: string }
  | { readonly id: number; readonly progress: number }
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: { readonly message: string; readonly problem?: string } };

/** Below the data folder. All that the server's user could put something else in place of is opened once, when hostd starts. */
export const computeFolders = (data: string) => ({
  compute: `${data}/compute`,
  /** Root's own: a folder for each machine. */
  machines: `${data}/compute/machines`,
  volumes: `${data}/compute/volumes`,
  layers: `${data}/compute/volumes/layers`,
  images: `${data}/compute/images`,
  /** Root's own: images while they are built by hostd. */
  builds: `${data}/compute/builds`,
  /** Without root: what leads out of its namespaces works there. */
  wayOut: `${data}/compute/way-out`,
});
