#define _GNU_SOURCE
#include "compute_unit.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { CONTROL = 0x00, GLOBAL_ENABLE = 0x04, ENABLE = 0x08, STATUS = 0x0c };
enum { FIRST_ARGUMENT = 0x10, CLOCKS_LOW = 0x34, CLOCKS_HIGH = 0x38 };
/* Clocks between two looks at who else wants the kernel: some 100 us of wall time. */
enum { STRETCH = 256 };
/* More than any run takes: 65,536 events over a memory that mostly stalls. */
static const uint64_t MAXIMUM_CLOCKS = 100000000;

struct compute_unit {
    int file;
    void *library;
    kernel_simulation *simulation;
    pthread_mutex_t lock;
    pthread_cond_t left; /* nobody waits for the lock any more */
    unsigned waiting;    /* those that want a register while a run has the lock */
    kernel_translate translate;
    void *context;
    struct kernel_memory memory;
    bool has_memory;     /* `memory` is not the library's own choice */

    kernel_simulation *(*open)(kernel_translate, void *);
    void (*close)(kernel_simulation *);
    void (*set_memory)(kernel_simulation *, struct kernel_memory);
    void (*write)(kernel_simulation *, uint32_t, uint32_t);
    uint32_t (*read)(kernel_simulation *, uint32_t);
    int (*run)(kernel_simulation *, uint32_t);
    const char *(*violation)(const kernel_simulation *);
};

/* Between runs no address means anything. */
static void *translated(void *context, uint64_t address, size_t bytes) {
    struct compute_unit *unit = context;
    return unit->translate ? unit->translate(unit->context, address, bytes) : NULL;
}

static int find(struct compute_unit *unit) {
    struct {
        const char *name;
        void *slot;
    } wanted[] = {
        {"kernel_simulation_open", &unit->open},
        {"kernel_simulation_close", &unit->close},
        {"kernel_simulation_set_memory", &unit->set_memory},
        {"kernel_simulation_write", &unit->write},
        {"kernel_simulation_read", &unit->read},
        {"kernel_simulation_run", &unit->run},
        {"kernel_simulation_violation", &unit->violation},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (!(*(void **)wanted[i].slot = dlsym(unit->library, wanted[i].name))) return -ENOEXEC;
    return 0;
}

/* The file has no name, so nothing is left behind; it stays open, for the loader tells libraries
 * apart by the name of the descriptor. */
static int load(struct compute_unit *unit, const char *bytes, size_t count) {
    unit->file = memfd_create("kernel", MFD_CLOEXEC);
    if (unit->file < 0) return -errno;
    for (size_t done = 0; done < count;) {
        ssize_t written = write(unit->file, bytes + done, count - done);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return -errno;
        done += (size_t)written;
    }
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", unit->file);
    unit->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    return unit->library ? find(unit) : -ENOEXEC;
}

int compute_unit_open(const void *library, size_t bytes, struct compute_unit **out) {
    struct compute_unit *unit = calloc(1, sizeof *unit);
    if (!unit) return -ENOMEM;
    unit->file = -1;
    pthread_mutex_init(&unit->lock, NULL);
    pthread_cond_init(&unit->left, NULL);
    int result = load(unit, library, bytes);
    if (result == 0 && !(unit->simulation = unit->open(translated, unit))) result = -ENOMEM;
    if (result == 0)
        *out = unit;
    else
        compute_unit_close(unit);
    return result;
}

void compute_unit_close(struct compute_unit *unit) {
    if (unit->simulation) unit->close(unit->simulation);
    if (unit->library) dlclose(unit->library);
    if (unit->file >= 0) close(unit->file);
    pthread_cond_destroy(&unit->left);
    pthread_mutex_destroy(&unit->lock);
    free(unit);
}

void compute_unit_set_memory(struct compute_unit *unit, struct kernel_memory memory) {
    unit->memory = memory;
    unit->has_memory = true;
    unit->set_memory(unit->simulation, memory);
}

/* A run that did not end is still under way in the kernel. */
static void reset(struct compute_unit *unit) {
    kernel_simulation *fresh = unit->open(translated, unit);
    if (!fresh) return;
    unit->close(unit->simulation);
    unit->simulation = fresh;
    if (unit->has_memory) unit->set_memory(fresh, unit->memory);
}

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void begin(struct compute_unit *unit, const struct compute_unit_run *run) {
    unit->translate = run->translate;
    unit->context = run->context;
    for (size_t i = FIRST_ARGUMENT / 4; i < run->count; i++)
        unit->write(unit->simulation, (uint32_t)i * 4, run->registers[i]);
    unit->write(unit->simulation, ENABLE, 1);
    unit->write(unit->simulation, GLOBAL_ENABLE, 1);
    unit->write(unit->simulation, CONTROL, 1);
}

static void end(struct compute_unit *unit, struct compute_unit_cost *cost) {
    unit->write(unit->simulation, STATUS, unit->read(unit->simulation, STATUS));
    unit->read(unit->simulation, CONTROL);
    cost->clocks = unit->read(unit->simulation, CLOCKS_LOW)
        | (uint64_t)unit->read(unit->simulation, CLOCKS_HIGH) << 32;
}

int compute_unit_run(struct compute_unit *unit, const struct compute_unit_run *run,
                     struct compute_unit_cost *cost) {
    int result = 0;
    uint64_t clocks = 0;
    pthread_mutex_lock(&unit->lock);
    uint64_t started = now();
    begin(unit, run);
    while (result == 0 && !unit->run(unit->simulation, STRETCH)) {
        clocks += STRETCH;
        while (__atomic_load_n(&unit->waiting, __ATOMIC_SEQ_CST) > 0)
            pthread_cond_wait(&unit->left, &unit->lock);
        if (run->cancelled(run->context)) result = -ECANCELED;
        else if (clocks > MAXIMUM_CLOCKS) result = -ETIME;
    }
    unit->translate = NULL;
    if (result == 0) end(unit, cost);
    if (result == 0 && unit->violation(unit->simulation)) result = -EPROTO;
    if (result != 0) reset(unit);
    cost->nanoseconds = now() - started;
    pthread_mutex_unlock(&unit->lock);
    return result;
}

/* Takes the kernel from a run. */
static void enter(struct compute_unit *unit) {
    __atomic_add_fetch(&unit->waiting, 1, __ATOMIC_SEQ_CST);
    pthread_mutex_lock(&unit->lock);
}

static void leave(struct compute_unit *unit) {
    if (__atomic_sub_fetch(&unit->waiting, 1, __ATOMIC_SEQ_CST) == 0)
        pthread_cond_signal(&unit->left);
    pthread_mutex_unlock(&unit->lock);
}

uint32_t compute_unit_read(struct compute_unit *unit, uint32_t offset) {
    enter(unit);
    uint32_t value = unit->read(unit->simulation, offset);
    leave(unit);
    return value;
}

void compute_unit_write(struct compute_unit *unit, uint32_t offset, uint32_t value) {
    enter(unit);
    unit->write(unit->simulation, offset, value);
    leave(unit);
}
