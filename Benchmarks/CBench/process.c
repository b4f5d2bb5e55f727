#include "cbench.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <zmq.h>

void cbench_raise_file_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int cbench_leak(size_t bytes) {
    /* Volatile, or else a compiler sees that nobody reads it and leaves it all out. */
    volatile unsigned char *memory = malloc(bytes);
    if (memory == NULL) return -1;
    for (size_t index = 0; index < bytes; index++) memory[index] = 1;
    return 0;
}

const char *cbench_libzmq_version(void) {
    static char text[32];
    int major, minor, patch;
    zmq_version(&major, &minor, &patch);
    snprintf(text, sizeof text, "%d.%d.%d", major, minor, patch);
    return text;
}
