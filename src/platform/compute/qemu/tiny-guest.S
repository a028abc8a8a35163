# The guest of the driver's tests, a boot sector. It says "ready" on the serial line and does what it is told there, a letter each:
#   w, c  writes the character c to the disk's second sector, answers "k"     r  answers what it reads there
#   e     lets go of what the host wants back (ACPI's PCI hot-unplug)           p  switches itself off        t  resets itself
#   f     writes to the serial line as fast as it can, for ever                x  panics (pvpanic)
# as --32 -o o tiny-guest.S && ld -m elf_i386 -Ttext 0x7c00 -e 0 --oformat binary -o b o
.code16
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movw    $0x7c00, %sp
        movb    %dl, drive
        cld
        movw    $ready, %si
1:      lodsb
        testb   %al, %al
        jz      next
        call    put
        jmp     1b

next:   call    get
        cmpb    $'p', %al
        je      off
        cmpb    $'w', %al
        je      write
        cmpb    $'r', %al
        je      read
        cmpb    $'e', %al
        je      eject
        cmpb    $'t', %al
        je      reset
        cmpb    $'x', %al
        je      panic
        cmpb    $'f', %al
        jne     next
2:      call    put
        jmp     2b

off:    movw    $0x604, %dx
        movw    $0x2000, %ax
        outw    %ax, %dx
        jmp     next

write:  call    get
        movw    $0x8000, %di
        movw    $512, %cx
        rep stosb
        movw    $0x0301, %ax
        call    disk
        movb    $'k', %al
        call    put
        jmp     next

read:   movw    $0x0201, %ax
        call    disk
        movb    0x8000, %al
        call    put
        jmp     next

disk:   movw    $0x8000, %bx
        movw    $2, %cx
        xorb    %dh, %dh
        movb    drive, %dl
        int     $0x13
        ret

eject:  movw    $0xae10, %dx
        xorl    %eax, %eax
        outl    %eax, %dx
        movw    $0xae04, %dx
        inl     %dx, %eax
        movw    $0xae08, %dx
        outl    %eax, %dx
        jmp     next

reset:  movb    $0xfe, %al
        outb    %al, $0x64
        jmp     next

panic:  movw    $0x505, %dx
        movb    $1, %al
        outb    %al, %dx
        jmp     next

get:    sti
        hlt
        movw    $0x3fd, %dx
        inb     %dx, %al
        testb   $1, %al
        jz      get
        movw    $0x3f8, %dx
        inb     %dx, %al
        ret

put:    movw    $0x3f8, %dx
        outb    %al, %dx
        ret

ready:  .asciz  "ready\n"
drive:  .byte   0
