# Where QEMU enters a kernel that was unpacked beforehand (kernel-entry.ts): as Xen's PVH says it, with 32 bits, no paging and %ebx at
# hvm_start_info. It writes down for the kernel what a boot loader would (Documentation/arch/x86/zero-page.rst), and enters it with 64 bits
# (boot.rst). A kernel has a PVH entry of its own, but that one knows of no screen; this one asks the firmware's data area.
# as --32 -I .. -o o kernel-entry.S && ld -m elf_i386 -Ttext 0x100000 -e 0 --oformat binary -o b o
        .equ    params, 0x101000                # four pages, cleared here: what the kernel is told, and three tables of pages
        .equ    tables, 0x102000
        .equ    mapped, 512
        .text
        .code32
        cli
        cld
        movl    $params, %edi
        movl    $4096, %ecx
        xorl    %eax, %eax
        rep stosl
# The map of memory: 24 bytes an entry here, 20 there, and room for 128.
        movl    40(%ebx), %esi
        movl    48(%ebx), %edx
        cmpl    $128, %edx
        jbe     1f
        movl    $128, %edx
1:      movb    %dl, params + 0x1e8
        movl    $params + 0x2d0, %edi
2:      decl    %edx
        js      3f
        movl    $5, %ecx
        rep movsl
        addl    $4, %esi
        jmp     2b
3:      movl    24(%ebx), %eax                  # its words
        movl    %eax, params + 0x228
        movl    32(%ebx), %eax                  # ACPI's tables
        movl    %eax, params + 0x070
        cmpl    $0, 12(%ebx)                    # what it starts from
        je      4f
        movl    16(%ebx), %esi
        movl    0(%esi), %eax
        movl    %eax, params + 0x218
        movl    8(%esi), %eax
        movl    %eax, params + 0x21c
4:      movw    $0xaa55, params + 0x1fe
        movl    $0x53726448, params + 0x202     # HdrS, version 2.12, of a loader that has no number
        movw    $0x020c, params + 0x206
        movb    $0xff, params + 0x210
        movb    $0x01, params + 0x211
# The screen, if the firmware has left it as text of VGA's: the cursor, columns, rows, and how high a letter is.
        cmpb    $3, 0x449
        jne     5f
        movw    0x450, %ax
        movw    %ax, params + 0x00
        movb    $3, params + 0x06
        movb    0x44a, %al
        movb    %al, params + 0x07
        movb    $3, params + 0x0a
        movb    0x484, %al
        incb    %al
        movb    %al, params + 0x0e
        movb    $1, params + 0x0f
        movw    0x485, %ax
        movw    %ax, params + 0x10
# The first GiB is mapped.
5:
        .include "enter-long-mode.S"
        movl    $0x18, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %ss
        movl    $params, %esi
        movl    kernel(%rip), %eax
        jmp     *%rax
        .balign 4
kernel: .long   0                               # where the kernel begins: said when it is joined to this
