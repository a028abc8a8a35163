# A kernel for kernel-entry.test.ts: says what it was told on the debugging port, and leaves by isa-debug-exit.
# as --64 -o o told-guest.S && objcopy -O binary -j .text o b
        .text
        .code64
        cld
        movl    0x228(%rsi), %esi
        movl    $0xe9, %edx
1:      lodsb
        testb   %al, %al
        jz      2f
        outb    %al, %dx
        jmp     1b
2:      movb    $0x10, %al
        movl    $0xf4, %edx
        outb    %al, %dx
3:      hlt
        jmp     3b
