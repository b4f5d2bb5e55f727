#ifndef VIGIL_KERNEL_SIMULATION_H
#define VIGIL_KERNEL_SIMULATION_H

#include <stddef.h>
#include <stdint.h>

/* A Verilated kernel in a simulated memory, as a shared library.
 *
 * One thread at a time uses a simulation. Nothing throws. */

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef struct kernel_simulation kernel_simulation;

/* Host memory behind a device address; NULL where there is none: the bus then answers with an
 * error. `context` is the one of kernel_simulation_open. */
typedef void *(*kernel_translate)(void *context, uint64_t address, size_t bytes);

/* How the memory behaves. */
struct kernel_memory {
    /* From the end of a request to the first beat, and from the last beat to the answer. */
    uint32_t latency_clocks;
    /* How often in a hundred clocks each channel is not ready, independently. */
    uint32_t stall_percent;
    /* Of the stalls. */
    uint64_t seed;
};

/* A kernel after its reset; NULL when memory is short. */
kernel_simulation *kernel_simulation_open(kernel_translate translate, void *context);
void kernel_simulation_close(kernel_simulation *simulation);
/* Between runs. */
void kernel_simulation_set_memory(kernel_simulation *simulation, struct kernel_memory memory);
/* One access of AXI-Lite: a few clocks. */
void kernel_simulation_write(kernel_simulation *simulation, uint32_t offset, uint32_t value);
uint32_t kernel_simulation_read(kernel_simulation *simulation, uint32_t offset);
/* Up to so many clocks, less when the interrupt comes; returns whether it stands. */
int kernel_simulation_run(kernel_simulation *simulation, uint32_t clocks);
/* Clocks since the reset. */
uint64_t kernel_simulation_clocks(const kernel_simulation *simulation);
/* The first rule of AXI that the kernel broke; NULL when none. */
const char *kernel_simulation_violation(const kernel_simulation *simulation);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
