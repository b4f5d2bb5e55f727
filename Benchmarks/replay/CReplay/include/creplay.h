#ifndef VIGIL_CREPLAY_H
#define VIGIL_CREPLAY_H

#include <stdbool.h>
#include <stdint.h>

/* The allocation counter, where it is preloaded: its functions by dlsym. */

/* Whether it is there. */
bool creplay_counter_open(void);
/* See allocations.h; nothing happens where the counter is absent. */
void creplay_counter_reset(void);
void creplay_counter_phase(int phase);
void creplay_counter_read(int phase, int module, uint64_t *count, uint64_t *bytes);
void creplay_counter_trace(int count);

/* What callgrind is asked for; nothing happens where the program does not run under it. */

/* Whether valgrind runs the program. */
bool creplay_is_under_valgrind(void);
/* Instruments code from now on, or no longer: in between not even calls are counted. */
void creplay_start_instrumentation(void);
void creplay_stop_instrumentation(void);
/* Begins or ends collecting on this thread. */
void creplay_toggle_collect(void);
/* Writes what was collected, under a name, and forgets it. */
void creplay_dump(const char *name);

/* Lets every look at a clock find it 100 ns further: what depends on time then repeats. */
void creplay_step_clock(void);

#endif
