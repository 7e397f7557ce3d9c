/* C code beside the program: it calls back, and compares addresses across the language border. */
extern int helper_callback(int);
int call_me_back(int (*callback)(int), int value) { return callback(value); }
int is_own_address_from_c(int (*callback)(int)) { return callback == helper_callback; }
