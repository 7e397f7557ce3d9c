/* C code beside the program: it calls back, and compares addresses across the language border. */
#include <signal.h>
extern int helper_callback(int);
int call_me_back(int (*callback)(int), int value) { return callback(value); }
int is_own_address_from_c(int (*callback)(int)) { return callback == helper_callback; }

static void (*illegal)(void);
static void handler(int signal) { (void)signal; illegal(); }
void on_illegal_instruction(void (*callback)(void)) { illegal = callback; signal(SIGILL, handler); }

extern __thread char hotpatch_tls_spare[] __attribute__((visibility("hidden"), tls_model("local-exec")));
long distance_of_tls_spare(void) { return hotpatch_tls_spare - (char *)__builtin_thread_pointer(); }
