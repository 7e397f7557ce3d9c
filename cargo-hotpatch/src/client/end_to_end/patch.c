/* The code of the end-to-end test's patch. Its line numbers are looked for in a backtrace. */

void step_patched(long *state) {
    *state += 100;
}

void through_patched(void (*callback)(void)) {
    callback(); /* line 8 */
}
