# The boot sector of kvm-probe.ts: 512 bytes that get from real mode into long mode, use what a kernel's first steps use (paging,
# a descriptor table, a 64-bit store and load), and leave by QEMU's isa-debug-exit. A hypervisor that gets any of it wrong hangs, or
# resets the machine. The test beside it assembles it and compares.
        .equ    tables, 0x1000                  # three pages, cleared here
        .equ    mapped, 1
        .text
        .code16
start:  cli
        xorl    %eax, %eax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movw    $0x7c00, %sp
        movw    $tables, %di
        movw    $0xc00, %cx
        cld
        rep stosl
        .include "enter-long-mode.S"
        movabsq $0x0123456789abcdef, %rax
        pushq   %rax
        popq    %rdx
        cmpq    %rax, %rdx
        jne     stop
        movb    $0x10, %al                      # the program ends with (0x10 << 1) | 1
        movw    $0xf4, %dx
        outb    %al, %dx
stop:   hlt
        jmp     stop
        .org    510
        .word   0xaa55
