#include "callocator.h"

#include <jemalloc/jemalloc.h>
#include <stddef.h>

#define TEXT(value) #value
#define TEXT_OF(value) TEXT(value)

/* jemalloc reads this when the process begins; the environment's MALLOC_CONF is read after it. */
const char *malloc_conf = "dirty_decay_ms:-1,muzzy_decay_ms:-1,oversize_threshold:0";

int callocator_give_back(void) {
    return mallctl("arena." TEXT_OF(MALLCTL_ARENAS_ALL) ".purge", NULL, NULL, NULL, 0);
}
