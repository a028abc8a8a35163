# The way into long mode of what is entered without paging, be it in real mode (long-mode.S) or with 32 bits (images/kernel-entry.S): one
# table of pages of each level, from `tables` on and cleared, maps the first `mapped` times 2 MiB to themselves. It goes on behind, with 64
# bits, and with the selectors that a kernel wants (Documentation/arch/x86/boot.rst): 0x10 is code, 0x18 data.
        movl    $tables + 0x1003, tables
        movl    $tables + 0x2003, tables + 0x1000
        movl    $tables + 0x2000, %edi
        movl    $0x83, %eax
        movl    $mapped, %ecx
1:      movl    %eax, (%edi)
        addl    $8, %edi
        addl    $0x200000, %eax
        loop    1b
        movl    $tables, %eax
        movl    %eax, %cr3
        movl    %cr4, %eax
        orb     $0x20, %al                      # physical address extension
        movl    %eax, %cr4
        movl    $0xc0000080, %ecx               # EFER: long mode
        rdmsr
        orb     $0x01, %ah
        wrmsr
        lgdt    2f
        movl    %cr0, %eax
        orl     $0x80000001, %eax               # paging and protection at once
        movl    %eax, %cr0
        ljmp    $0x10, $wide
        .balign 8
gdt:    .quad   0, 0
        .quad   0x00af9a000000ffff              # code of 64 bits
        .quad   0x00cf92000000ffff
2:      .word   31
        .long   gdt
        .code64
wide:
