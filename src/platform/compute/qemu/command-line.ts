/**
 * The command that a machine's process is started by. It says what can't be changed later; disks and interfaces come over the monitor, in the same
 * way before the guest starts as while it runs, so keys of disks stand on no command line. It starts stopped (-S): what is made by
 * then is all that the process will ever make.
 */
import type { Accelerator } from '#platform/compute/kvm-probe.ts';
import { FILES } from '#platform/compute/qemu/machine-files.ts';

/** What a machine's process is started with: plain and short, as it may go to a process that holds root, which checks it. */
export interface Launch {
  readonly id: string;
  readonly accelerator: Accelerator;
  readonly vcpus: number;
  readonly memoryMiB: number;
  readonly product: string;
  readonly uuid: string;
  readonly vpc: string;
  /** The image with the kernel to start, and what the kernel is told. */
  readonly kernel?: { readonly image: string; readonly commandLine: string } | undefined;
}

/**
 * A guest's code, translated, in MiB: all of it comes to be used. With less it is translated again and again: a distribution's start wants 128.
 * What starts from a kernel of its own is a small system, whose start takes the same time with 32, and a fifth more with 24.
 */
const translatedMiB = ({ kernel }: Pick<Launch, 'kernel'>): number => (kernel === undefined ? 128 : 32);

/**
 * The guest's memory, by small pages: as a file of no folder's (memfd) Linux gives it no huge ones, as which QEMU asks for memory of its own. Of
 * those a guest touches each a little, and gives none back. A real processor translates addresses faster by them, an emulated one does not.
 */
const inSmallPages = ({ memoryMiB }: Launch): readonly string[] => [
  ...['-object', `memory-backend-memfd,id=memory,size=${memoryMiB}M`],
  ...['-machine', 'memory-backend=memory'],
];

const ACCELERATED: Readonly<Record<Accelerator, (launch: Launch) => readonly string[]>> = {
  kvm: () => ['-accel', 'kvm', '-cpu', 'host'],
  // Emulation of newer processors costs more than it brings; distributions want no more than this one has (x86-64-v2), and randomness.
  tcg: (launch) => [
    ...['-accel', `tcg,thread=multi,tb-size=${translatedMiB(launch)}`, '-cpu', 'Nehalem,+rdrand'],
    ...inSmallPages(launch),
  ],
};

/** An emulated processor looks at nothing ahead of time, so what holds real ones back from that is for nothing. */
const KERNEL_WORDS: Readonly<Record<Accelerator, string>> = { kvm: '', tcg: ' mitigations=off' };

export function qemuArguments(launch: Launch): string[] {
  const { id, accelerator, vcpus, memoryMiB, product, uuid, kernel } = launch;
  const smbios = [
    'type=0,vendor=Amazon EC2,version=1.0',
    // cloud-init knows EC2 by a UUID that starts with `ec2`, if the serial number is the same.
    `type=1,manufacturer=Amazon EC2,product=${product},uuid=${uuid},serial=${uuid}`,
    `type=2,manufacturer=Amazon EC2,asset=${id}`,
    `type=3,manufacturer=Amazon EC2,asset=${id}`,
  ];
  const devices = [
    'VGA,vgamem_mb=8',
    'qemu-xhci',
    // A pointer that is where the browser's is.
    'usb-tablet',
    // By which a kernel says that it has stopped for good.
    'pvpanic',
    'virtio-rng-pci,rng=random',
    'virtio-balloon-pci,free-page-reporting=on,deflate-on-oom=on',
  ];
  return [
    ...['-name', `guest=${id},debug-threads=on`, '-nodefaults', '-no-user-config', '-S'],
    ...['-machine', 'pc,usb=off,vmport=off', ...ACCELERATED[accelerator](launch)],
    ...['-smp', `${vcpus}`, '-m', `${memoryMiB}`, '-rtc', 'base=utc', '-boot', 'strict=on'],
    ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    // A guest that switches itself off stays until it was seen to have done so, even if nobody looks at that moment.
    ...['-action', 'reboot=reset,shutdown=pause,panic=none'],
    ...smbios.flatMap((each) => ['-smbios', each]),
    ...['-object', 'rng-random,id=random,filename=/dev/urandom'],
    ...devices.flatMap((each) => ['-device', each]),
    ...['-chardev', `socket,id=serial,path=${FILES.serial},server=on,wait=off,logfile=${FILES.console},logappend=on`],
    ...['-serial', 'chardev:serial', '-qmp', `unix:${FILES.monitor},server=on,wait=off`],
    ...['-vnc', `unix:${FILES.screen},share=ignore`],
    ...(kernel === undefined ? [] : ['-kernel', FILES.kernel, '-initrd', FILES.initrd]),
    ...(kernel === undefined ? [] : ['-append', kernel.commandLine + KERNEL_WORDS[accelerator]]),
  ];
}

/** Its process needs this beside the guest's own memory: QEMU, the screen, translated code. */
export const overheadMiB = (launch: Launch): number => 256 + (launch.accelerator === 'tcg' ? translatedMiB(launch) : 0);
