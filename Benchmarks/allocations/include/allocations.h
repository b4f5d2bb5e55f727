#ifndef VIGIL_ALLOCATIONS_H
#define VIGIL_ALLOCATIONS_H

#include <stdint.h>

/* Counts every allocation of the process that this library is preloaded into, by the module
 * whose code asked for it and by the phase that the asking thread is in. A program finds these
 * functions by dlsym; where they are absent nothing is counted. */

/* Modules, by the return address of the call. */
enum {
    VIGIL_ALLOCATIONS_PROGRAM, /* the executable, with what is linked into it, and protobuf-c */
    VIGIL_ALLOCATIONS_ZEROMQ,
    VIGIL_ALLOCATIONS_ONNXRUNTIME,
    VIGIL_ALLOCATIONS_CXX,   /* libstdc++ for its own account */
    VIGIL_ALLOCATIONS_OTHER, /* every other library */
    VIGIL_ALLOCATIONS_MODULES
};

/* Phases of a thread: 0 when it starts, 1 for good where it is named "drift". */
enum { VIGIL_ALLOCATIONS_PHASES = 2 };

/* Looks which libraries are loaded now, and sets every count to 0. */
void vigil_allocations_reset(void);

/* The phase that the calling thread's allocations count for from now on. */
void vigil_allocations_phase(int phase);

/* Allocations and bytes since the reset. */
void vigil_allocations_read(int phase, int module, uint64_t *count, uint64_t *bytes);

/* Writes the next `count` allocations of the program and of other libraries in phase 0 to standard
 * error, each with the addresses of its callers (for addr2line). */
void vigil_allocations_trace(int count);

#endif
