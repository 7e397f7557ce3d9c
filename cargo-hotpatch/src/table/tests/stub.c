/* Stands for the stub: the two symbols that a provisioned link refers to. */
extern int __real_dl_iterate_phdr(void *callback, void *data);
int __wrap_dl_iterate_phdr(void *callback, void *data) { return __real_dl_iterate_phdr(callback, data); }
void hotpatch_stub_start(void) {}
