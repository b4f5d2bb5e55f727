#define _GNU_SOURCE
#include "allocations.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <link.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* What glibc offers to those who override malloc; free needs no override: the memory is glibc's. */
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

enum { MAXIMUM_RANGES = 256, TRACE_DEPTH = 24 };

struct range {
    uintptr_t first, end;
    int module;
};

static struct range ranges[MAXIMUM_RANGES];
static _Atomic int range_count;
static _Atomic uint64_t counts[VIGIL_ALLOCATIONS_PHASES][VIGIL_ALLOCATIONS_MODULES];
static _Atomic uint64_t bytes[VIGIL_ALLOCATIONS_PHASES][VIGIL_ALLOCATIONS_MODULES];
static _Atomic int traces;
/* In the thread's static block: a dynamic one would be allocated at its first use. */
static _Thread_local __attribute__((tls_model("initial-exec"))) int phase, tracing;

static int module_of(const struct dl_phdr_info *info) {
    if (!info->dlpi_name || !info->dlpi_name[0]) return VIGIL_ALLOCATIONS_PROGRAM;
    const char *slash = strrchr(info->dlpi_name, '/');
    const char *name = slash ? slash + 1 : info->dlpi_name;
    if (!strncmp(name, "libzmq", 6)) return VIGIL_ALLOCATIONS_ZEROMQ;
    if (!strncmp(name, "libonnxruntime", 14)) return VIGIL_ALLOCATIONS_ONNXRUNTIME;
    /* Runs our codec's messages: what it allocates, we do. */
    if (!strncmp(name, "libprotobuf-c", 13)) return VIGIL_ALLOCATIONS_PROGRAM;
    if (!strncmp(name, "libstdc++", 9)) return VIGIL_ALLOCATIONS_CXX;
    return VIGIL_ALLOCATIONS_OTHER;
}

static int add_ranges(struct dl_phdr_info *info, size_t size, void *data) {
    (void)size;
    int *count = data;
    int module = module_of(info);
    if (module == VIGIL_ALLOCATIONS_OTHER) return 0;
    for (int index = 0; index < info->dlpi_phnum && *count < MAXIMUM_RANGES; index++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[index];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X)) continue;
        uintptr_t first = info->dlpi_addr + part->p_vaddr;
        ranges[(*count)++] = (struct range){first, first + part->p_memsz, module};
    }
    return 0;
}

void vigil_allocations_reset(void) {
    int count = 0;
    atomic_store(&range_count, 0);
    dl_iterate_phdr(add_ranges, &count);
    for (int p = 0; p < VIGIL_ALLOCATIONS_PHASES; p++) {
        for (int module = 0; module < VIGIL_ALLOCATIONS_MODULES; module++) {
            atomic_store(&counts[p][module], 0);
            atomic_store(&bytes[p][module], 0);
        }
    }
    atomic_store(&range_count, count);
}

void vigil_allocations_phase(int next) { phase = next; }

void vigil_allocations_read(int p, int module, uint64_t *count, uint64_t *size) {
    *count = atomic_load(&counts[p][module]);
    *size = atomic_load(&bytes[p][module]);
}

void vigil_allocations_trace(int count) {
    void *places[1];
    /* The first call loads a library, and so allocates. */
    backtrace(places, 1);
    atomic_store(&traces, count);
}

static void trace(void) {
    if (tracing || atomic_fetch_sub(&traces, 1) <= 0) return;
    tracing = 1;
    void *places[TRACE_DEPTH];
    int depth = backtrace(places, TRACE_DEPTH);
    backtrace_symbols_fd(places, depth, STDERR_FILENO);
    if (write(STDERR_FILENO, "\n", 1) < 0) abort();
    tracing = 0;
}

/* The thread that judges windows of events works beside requests, for none of them. */
static int is_judge(void) {
    char name[16] = "";
    prctl(PR_GET_NAME, name);
    return !strcmp(name, "drift");
}

static void count(size_t size, void *caller) {
    int known = atomic_load_explicit(&range_count, memory_order_acquire);
    if (!known) return;
    uintptr_t place = (uintptr_t)caller;
    int module = VIGIL_ALLOCATIONS_OTHER;
    for (int index = 0; index < known; index++) {
        if (place < ranges[index].first || place >= ranges[index].end) continue;
        module = ranges[index].module;
        break;
    }
    if (phase == 0 && is_judge()) phase = 1;
    atomic_fetch_add_explicit(&counts[phase][module], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&bytes[phase][module], size, memory_order_relaxed);
    int is_ours = module == VIGIL_ALLOCATIONS_PROGRAM || module == VIGIL_ALLOCATIONS_OTHER;
    if (phase == 0 && is_ours
        && atomic_load_explicit(&traces, memory_order_relaxed) > 0) trace();
}

#define CALLER __builtin_return_address(0)

void *malloc(size_t size) {
    count(size, CALLER);
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    count(number * size, CALLER);
    return __libc_calloc(number, size);
}

void *realloc(void *memory, size_t size) {
    count(size, CALLER);
    return __libc_realloc(memory, size);
}

void *reallocarray(void *memory, size_t number, size_t size) {
    size_t total;
    if (__builtin_mul_overflow(number, size, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    count(total, CALLER);
    return __libc_realloc(memory, total);
}

void *memalign(size_t alignment, size_t size) {
    count(size, CALLER);
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    count(size, CALLER);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
    if (alignment % sizeof(void *) || !alignment || alignment & (alignment - 1)) return EINVAL;
    count(size, CALLER);
    void *made = __libc_memalign(alignment, size);
    if (!made) return ENOMEM;
    *memory = made;
    return 0;
}

/* operator new and new[] by their names in the C++ ABI: else libstdc++ would count as caller.
 * Where they must throw, the counter ends the program. */
static void *made(void *memory) {
    if (!memory) abort();
    return memory;
}

#define NEW(name)                                     \
    void *name(size_t size);                          \
    void *name(size_t size) {                         \
        count(size, CALLER);                          \
        return made(__libc_malloc(size));             \
    }
#define NEW_QUIET(name)                               \
    void *name(size_t size, const void *quiet);       \
    void *name(size_t size, const void *quiet) {      \
        (void)quiet;                                  \
        count(size, CALLER);                          \
        return __libc_malloc(size);                   \
    }
#define NEW_ALIGNED(name)                             \
    void *name(size_t size, size_t alignment);        \
    void *name(size_t size, size_t alignment) {       \
        count(size, CALLER);                          \
        return made(__libc_memalign(alignment, size)); \
    }

NEW(_Znwm)
NEW(_Znam)
NEW_QUIET(_ZnwmRKSt9nothrow_t)
NEW_QUIET(_ZnamRKSt9nothrow_t)
NEW_ALIGNED(_ZnwmSt11align_val_t)
NEW_ALIGNED(_ZnamSt11align_val_t)
