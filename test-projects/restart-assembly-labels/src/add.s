.globl restart_assembly_labels_add
restart_assembly_labels_add:
    mov rax, rdi
    add rax, 1000
    ret
