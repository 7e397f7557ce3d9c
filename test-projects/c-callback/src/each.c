/* Calls back into Rust: by name, and through a stored pointer. */
extern long scale_from_rust(long value);

static long (*stored)(long);

void store(long (*callback)(long)) { stored = callback; }

long each(const long *values, long count) {
    long sum = 0;
    for (long i = 0; i < count; i++) sum += scale_from_rust(values[i]) + stored(values[i]);
    return sum;
}
