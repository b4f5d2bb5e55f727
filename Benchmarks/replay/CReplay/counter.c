#define _GNU_SOURCE
#include "creplay.h"

#include <dlfcn.h>

static void (*reset)(void);
static void (*set_phase)(int);
static void (*read_counts)(int, int, uint64_t *, uint64_t *);
static void (*trace)(int);

bool creplay_counter_open(void) {
    reset = (void (*)(void))dlsym(RTLD_DEFAULT, "vigil_allocations_reset");
    set_phase = (void (*)(int))dlsym(RTLD_DEFAULT, "vigil_allocations_phase");
    read_counts = (void (*)(int, int, uint64_t *, uint64_t *))dlsym(
        RTLD_DEFAULT, "vigil_allocations_read");
    trace = (void (*)(int))dlsym(RTLD_DEFAULT, "vigil_allocations_trace");
    return reset && set_phase && read_counts && trace;
}

void creplay_counter_reset(void) {
    if (reset) reset();
}

void creplay_counter_phase(int phase) {
    if (set_phase) set_phase(phase);
}

void creplay_counter_read(int phase, int module, uint64_t *count, uint64_t *bytes) {
    *count = *bytes = 0;
    if (read_counts) read_counts(phase, module, count, bytes);
}

void creplay_counter_trace(int count) {
    if (trace) trace(count);
}
