#include "creplay.h"

/* Valgrind's client requests (valgrind.h, callgrind.h), of which a build must not need the
 * headers: a sequence that does nothing on a real machine, with the request in rax. */
#define TOOL_BASE (('C' << 24) | ('T' << 16))

enum {
    RUNNING_ON_VALGRIND = 0x1001,
    TOGGLE_COLLECT = TOOL_BASE + 2,
    DUMP_STATS_AT = TOOL_BASE + 3,
    START_INSTRUMENTATION = TOOL_BASE + 4,
    STOP_INSTRUMENTATION = TOOL_BASE + 5
};

static uint64_t request(uint64_t code, uint64_t argument) {
    uint64_t result = 0;
#if defined(__x86_64__)
    volatile uint64_t arguments[6] = {code, argument, 0, 0, 0, 0};
    __asm__ volatile(
        "rolq $3, %%rdi; rolq $13, %%rdi; rolq $61, %%rdi; rolq $51, %%rdi; xchgq %%rbx, %%rbx"
        : "=d"(result)
        : "a"(arguments), "0"(result)
        : "cc", "memory");
#else
    (void)code;
    (void)argument;
#endif
    return result;
}

bool creplay_is_under_valgrind(void) { return request(RUNNING_ON_VALGRIND, 0) != 0; }
void creplay_start_instrumentation(void) { request(START_INSTRUMENTATION, 0); }
void creplay_stop_instrumentation(void) { request(STOP_INSTRUMENTATION, 0); }
void creplay_toggle_collect(void) { request(TOGGLE_COLLECT, 0); }
void creplay_dump(const char *name) { request(DUMP_STATS_AT, (uint64_t)name); }
