# The boot sector of kvm-probe.ts: 512 bytes that get from real mode into long mode, use what a kernel's first steps use (paging,
# a descriptor table, a 64-bit store and load), and leave by QEMU's isa-debug-exit. A hypervisor that gets any of it wrong hangs, or
# resets the machine. The test beside it assembles it and compares.
        .text
        .code16
start:  cli
        xorl    %eax, %eax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movw    $0x7c00, %sp
# Three page tables at 0x1000, cleared: one entry each, the last a page of 2 MiB that maps what is below to itself.
        movw    $0x1000, %di
        movw    $0xc00, %cx
        cld
        rep stosl
        movl    $0x2003, 0x1000
        movl    $0x3003, 0x2000
        movl    $0x0083, 0x3000
        movl    $0x1000, %eax
        movl    %eax, %cr3
        movl    %cr4, %eax
        orb     $0x20, %al                      # physical address extension
        movl    %eax, %cr4
        movl    $0xc0000080, %ecx               # EFER: long mode
        rdmsr
        orb     $0x01, %ah
        wrmsr
        lgdt    table
        movl    %cr0, %eax
        orl     $0x80000001, %eax               # paging and protection at once
        movl    %eax, %cr0
        ljmp    $8, $wide
        .code64
wide:   movabsq $0x0123456789abcdef, %rax
        pushq   %rax
        popq    %rdx
        cmpq    %rax, %rdx
        jne     stop
        movb    $0x10, %al                      # the program ends with (0x10 << 1) | 1
        movw    $0xf4, %dx
        outb    %al, %dx
stop:   hlt
        jmp     stop
        .balign 8
gdt:    .quad   0
        .quad   0x00209b0000000000              # code of 64 bits
table:  .word   15
        .long   gdt
        .org    510
        .word   0xaa55
