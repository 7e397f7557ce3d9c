/* What C and other compilers put into objects: aliases, indirect functions, jump tables, computed gotos, tail calls. */
extern int printf(const char *, ...);
__attribute__((noinline)) int original(int n) { return n + 7; }
int strong_alias(int) __attribute__((alias("original")));
int weak_alias(int) __attribute__((weak, alias("original")));
static int chosen(int n) { return n * 3; }
static int (*choose(void))(int) { return chosen; }
int indirect(int) __attribute__((ifunc("choose")));
__attribute__((noinline, noclone)) static int recursive(int n) { return n <= 1 ? 1 : n * recursive(n - 1); }
__attribute__((noinline)) static void *own(void) { return (void *)own; }
__attribute__((noinline)) static int selected(int n) {
    switch (n) { case 0: return recursive(3); case 1: return original(1); case 2: return 5; case 3: return own() == (void *)own;
                 case 4: return strong_alias(1); case 5: return 99; case 6: return weak_alias(2); default: return -1; }
}
static int jumping(int n) {
    static void *targets[] = {&&first, &&second, &&third};
    int sum = 0;
    goto *targets[n % 3];
first: sum += 1;
second: sum += 10;
third: sum += 100;
    return sum;
}
extern int inlined(void), weak_one(void);
extern int (*other_inlined(void))(void), (*other_weak(void))(void);
static int (*const pointers[])(int) = {original, recursive, selected, indirect};
int main(void) {
    int sum = 0;
    for (int n = 0; n < 8; n++) sum += selected(n);
    for (int n = 0; n < 4; n++) sum += pointers[n](n);
    for (int n = 0; n < 3; n++) sum += jumping(n);
    if (other_inlined() != inlined || other_weak() != weak_one) return 1;
    sum += inlined() + weak_one();
    return sum == 6 + 8 + 5 + 1 + 8 + 99 + 9 - 1 + 7 + 1 + 5 + 9 + 111 + 110 + 100 + 30 + 4 ? 42 : sum;
}
