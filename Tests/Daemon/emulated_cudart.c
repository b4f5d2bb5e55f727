/* CUDA's runtime library, emulated: memory of a card is memory of the host. Every call is counted in
 * the file that EMULATED_CUDART_COUNTS names, one number of 64 bits a call in the order of `calls`.
 * While the file that EMULATED_CUDART_FAILS names exists, calls fail that stand in it, as
 * "cudaHostAlloc 2": the second one, counted from the start, or all where there is no number.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum call {
    SET_DEVICE,
    HOST_ALLOC,
    FREE_HOST,
    GET_LAST_ERROR,
    CALLS,
};

static const char *const calls[CALLS] = {
    [SET_DEVICE] = "cudaSetDevice",
    [HOST_ALLOC] = "cudaHostAlloc",
    [FREE_HOST] = "cudaFreeHost",
    [GET_LAST_ERROR] = "cudaGetLastError",
};

enum { OUT_OF_MEMORY = 2, PORTABLE = 1, PAGE = 4096 };

static _Atomic long long nowhere[CALLS];
static _Atomic long long *counts = nowhere;
static __thread int last_error;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("EMULATED_CUDART_COUNTS");
    int file = path ? open(path, O_RDWR | O_CREAT, 0600) : -1;
    if (file < 0 || ftruncate(file, sizeof nowhere) != 0) return;
    void *memory = mmap(NULL, sizeof nowhere, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (memory != MAP_FAILED) counts = memory;
}

/* Counts a call; what it is to return. */
static int count(enum call call) {
    long long number = ++counts[call];
    const char *path = getenv("EMULATED_CUDART_FAILS");
    FILE *file = path ? fopen(path, "r") : NULL;
    if (!file) return 0;
    char line[128], name[64];
    int code = 0;
    while (!code && fgets(line, sizeof line, file)) {
        long long which = 0;
        if (sscanf(line, "%63s %lld", name, &which) >= 1 && strcmp(name, calls[call]) == 0
            && (which == 0 || which == number))
            code = OUT_OF_MEMORY;
    }
    fclose(file);
    if (code) last_error = code;
    return code;
}

int cudaSetDevice(int card) {
    (void)card;
    return count(SET_DEVICE);
}

int cudaGetLastError(void) {
    count(GET_LAST_ERROR);
    int code = last_error;
    last_error = 0;
    return code;
}

const char *cudaGetErrorString(int code) {
    return code == OUT_OF_MEMORY ? "out of memory" : "no such error";
}

int cudaHostAlloc(void **memory, size_t bytes, unsigned flags) {
    int code = count(HOST_ALLOC);
    if (code) return code;
    if (flags != PORTABLE) abort();
    *memory = aligned_alloc(PAGE, (bytes + PAGE - 1) / PAGE * PAGE);
    return 0;
}

int cudaFreeHost(void *memory) {
    int code = count(FREE_HOST);
    /* Given back all the same, so that the tests' own leaks are none of the daemon's. */
    free(memory);
    return code;
}
