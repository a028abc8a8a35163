# Where QEMU enters a kernel that was unpacked beforehand (kernel-entry.ts): as Xen's PVH says it, with 32 bits, no paging and %ebx at
# hvm_start_info. It writes down for the kernel what a boot loader would (Documentation/arch/x86/zero-page.rst), and enters it with 64 bits
# (boot.rst). A kernel has a PVH entry of its own, but that one knows of no screen; this one asks the firmware's data area.
# as --32 -I .. -o o kernel-entry.S && ld -m elf_i386 -Ttext 0x100000 -e 0 --oformat binary -o b o
        .equ    params, 0x101000                # four pages, cleared here: what the kernel is told, and three tables of pages
        .equ    tables, 0x102000
        .equ    mapped, 512
        .equ    words, 0x105000                 # the command line; then what `sample` has seen, and the stack
        .equ    seen, 0x105f00
        .equ    stack, 0x106000
        .equ    pm_timer, 0x608                 # where the firmware has put ACPI's timer, of 3.579545 MHz and 24 bits
        .text
        .code32
        cli
        cld
        movl    $stack, %esp
        call    frequency
        movl    %eax, %ebp
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
# Its words, with one more.
3:      movl    24(%ebx), %esi
        movl    $words, %edi
        movl    $words, params + 0x228
        movl    $2000, %ecx
1:      lodsb
        testb   %al, %al
        jz      2f
        stosb
        loop    1b
2:      movl    %ebp, %eax
        testl   %eax, %eax
        jz      4f
        movl    $khz, %esi
        movl    $khz_end - khz, %ecx
        rep movsb
        movl    $10, %esi
1:      xorl    %edx, %edx
        divl    %esi
        pushl   %edx
        incl    %ecx
        testl   %eax, %eax
        jnz     1b
2:      popl    %eax
        addb    $'0', %al
        stosb
        loop    2b
4:      movb    $0, (%edi)
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

# How fast the processor counts, in kHz; 0: not to be found out, or KVM tells it. A kernel takes it from the interval timer in some
# milliseconds in which it must not be interrupted. An emulated processor is a thread that has to wait for others: then it is wrong by up to
# a factor of a hundred, and with it the guest's time, by which it waits for all that it waits for.
        .code32
frequency:
        pushl   %ebx
        movl    $0x40000000, %eax
        cpuid
        cmpl    $0x4b4d564b, %ebx               # KVMK
        popl    %ebx
        movl    $0, %eax
        je      5f
        movl    $8, %ebp                        # attempts
1:      call    sample
        pushl   seen + 8
        pushl   seen + 4
        pushl   seen
        movl    $1000000, %ecx
        movw    $pm_timer, %dx
2:      inl     %dx, %eax
        subl    (%esp), %eax
        andl    $0xffffff, %eax
        cmpl    $35795, %eax                    # 10 ms
        jae     3f
        loop    2b
3:      call    sample
        popl    %ecx
        subl    seen, %ecx
        negl    %ecx
        andl    $0xffffff, %ecx
        movl    seen + 4, %eax
        movl    seen + 8, %edx
        popl    %esi
        subl    %esi, %eax
        popl    %esi
        sbbl    %esi, %edx
        jnz     4f                              # so long that the timer may have gone round
        addl    %ecx, %ecx
        movl    $7159, %esi                     # twice the timer's kHz
        mull    %esi
        cmpl    %ecx, %edx
        jae     4f
        divl    %ecx
5:      ret
4:      xorl    %eax, %eax
        decl    %ebp
        jnz     1b
        ret
# The timer, and the processor's count just before: of several pairs the one that was read in the shortest time.
sample: movl    $-1, %edi
        movl    $16, %ecx
1:      rdtsc
        pushl   %edx
        pushl   %eax
        movw    $pm_timer, %dx
        inl     %dx, %eax
        pushl   %eax
        rdtsc
        subl    4(%esp), %eax
        cmpl    %edi, %eax
        jae     2f
        movl    %eax, %edi
        popl    seen
        popl    seen + 4
        popl    seen + 8
        loop    1b
        ret
2:      addl    $12, %esp
        loop    1b
        ret
khz:    .ascii  " tsc_early_khz="
khz_end:
        .balign 4
kernel: .long   0                               # where the kernel begins: said when it is joined to this
