#ifndef VIGIL_EMULATED_COMPUTE_UNIT_H
#define VIGIL_EMULATED_COMPUTE_UNIT_H

#include "../kernel/simulation.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A simulated kernel out of an xclbin, and its registers. Calls return 0 or a negative errno. */
struct compute_unit;

/* What a run needs to know. */
struct compute_unit_run {
    const uint32_t *registers; /* from offset 0 */
    size_t count;
    kernel_translate translate;
    void *context;             /* of `translate` and `cancelled` */
    bool (*cancelled)(void *context);
};

/* What it cost. */
struct compute_unit_cost {
    uint64_t clocks;
    uint64_t nanoseconds;
};

/* From the bytes of a shared library. */
int compute_unit_open(const void *library, size_t bytes, struct compute_unit **out);
void compute_unit_close(struct compute_unit *unit);
void compute_unit_set_memory(struct compute_unit *unit, struct kernel_memory memory);
/* -ECANCELED, -ETIME (too many clocks), -EPROTO (the kernel broke a rule of the bus). */
int compute_unit_run(struct compute_unit *unit, const struct compute_unit_run *run,
                     struct compute_unit_cost *cost);
/* Also while a run is under way: it is let in between two stretches of clocks. */
uint32_t compute_unit_read(struct compute_unit *unit, uint32_t offset);
void compute_unit_write(struct compute_unit *unit, uint32_t offset, uint32_t value);

#endif
