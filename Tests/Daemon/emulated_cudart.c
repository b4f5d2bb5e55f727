/* CUDA's runtime library, emulated: memory of a card is memory of the host, and what a stream is given
 * is done no sooner than somebody waits for it. Every call is counted in the file that
 * EMULATED_CUDART_COUNTS names, in the order of `calls`: numbers of 64 bits, how often it was made and
 * how often it failed. While the file
 * that EMULATED_CUDART_FAILS names exists, calls fail that stand in it, as "cudaHostAlloc 2 700": the
 * second one, counted from the start, or all for 0, with that error.
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
    MALLOC,
    FREE,
    STREAM_CREATE,
    STREAM_DESTROY,
    STREAM_SYNCHRONIZE,
    MEMCPY,
    EXCHANGE_MODE,
    GET_LAST_ERROR,
    CALLS,
};

static const char *const calls[CALLS] = {
    [SET_DEVICE] = "cudaSetDevice",
    [HOST_ALLOC] = "cudaHostAlloc",
    [FREE_HOST] = "cudaFreeHost",
    [MALLOC] = "cudaMalloc",
    [FREE] = "cudaFree",
    [STREAM_CREATE] = "cudaStreamCreateWithFlags",
    [STREAM_DESTROY] = "cudaStreamDestroy",
    [STREAM_SYNCHRONIZE] = "cudaStreamSynchronize",
    [MEMCPY] = "cudaMemcpyAsync",
    [EXCHANGE_MODE] = "cudaThreadExchangeStreamCaptureMode",
    [GET_LAST_ERROR] = "cudaGetLastError",
};

enum { OUT_OF_MEMORY = 2, ILLEGAL_ADDRESS = 700 };
enum { PORTABLE = 1, NON_BLOCKING = 1, HOST_TO_CARD = 1, CARD_TO_HOST = 2, THREAD_LOCAL = 1 };
enum { PAGE = 4096, COPIES = 64 };

struct stream {
    int count;
    struct {
        void *to;
        const void *from;
        size_t bytes;
    } copies[COPIES];
};

struct count {
    _Atomic long long made, failed;
};
static struct count nowhere[CALLS];
static struct count *counts = nowhere;
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
    long long number = ++counts[call].made;
    const char *path = getenv("EMULATED_CUDART_FAILS");
    FILE *file = path ? fopen(path, "r") : NULL;
    if (!file) return 0;
    char line[128], name[64];
    int code = 0;
    while (!code && fgets(line, sizeof line, file)) {
        long long which = 0;
        int wanted = OUT_OF_MEMORY;
        if (sscanf(line, "%63s %lld %d", name, &which, &wanted) >= 1
            && strcmp(name, calls[call]) == 0 && (which == 0 || which == number))
            code = wanted;
    }
    fclose(file);
    if (code) {
        last_error = code;
        counts[call].failed++;
    }
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
    if (code == OUT_OF_MEMORY) return "out of memory";
    return code == ILLEGAL_ADDRESS ? "an illegal memory access was encountered" : "another error";
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

int cudaMalloc(void **memory, size_t bytes) {
    int code = count(MALLOC);
    if (!code) *memory = aligned_alloc(PAGE, (bytes + PAGE - 1) / PAGE * PAGE);
    return code;
}

int cudaFree(void *memory) {
    int code = count(FREE);
    free(memory);
    return code;
}

int cudaStreamCreateWithFlags(struct stream **stream, unsigned flags) {
    int code = count(STREAM_CREATE);
    if (code) return code;
    if (flags != NON_BLOCKING) abort();
    *stream = calloc(1, sizeof **stream);
    return 0;
}

int cudaStreamDestroy(struct stream *stream) {
    int code = count(STREAM_DESTROY);
    free(stream);
    return code;
}

/* Does what the stream was given; the emulated provider calls it too, before it runs a model there. */
void emulated_stream_work(struct stream *stream) {
    for (int index = 0; index < stream->count; index++)
        memcpy(stream->copies[index].to, stream->copies[index].from, stream->copies[index].bytes);
    stream->count = 0;
}

int cudaStreamSynchronize(struct stream *stream) {
    int code = count(STREAM_SYNCHRONIZE);
    emulated_stream_work(stream);
    return code;
}

int cudaMemcpyAsync(void *to, const void *from, size_t bytes, int direction, struct stream *stream) {
    int code = count(MEMCPY);
    if (code) return code;
    if (direction != HOST_TO_CARD && direction != CARD_TO_HOST) abort();
    if (stream->count == COPIES) abort();
    stream->copies[stream->count].to = to;
    stream->copies[stream->count].from = from;
    stream->copies[stream->count++].bytes = bytes;
    return 0;
}

int cudaThreadExchangeStreamCaptureMode(int *mode) {
    int code = count(EXCHANGE_MODE);
    if (code) return code;
    if (*mode != THREAD_LOCAL) abort();
    *mode = 0;
    return 0;
}
