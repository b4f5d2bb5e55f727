#include "ccuda.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From CUDA's documentation of its runtime library. */
enum {
    SUCCESS = 0,
    HOST_ALLOC_PORTABLE = 1,
    STREAM_NON_BLOCKING = 1,
    HOST_TO_CARD = 1,
    CARD_TO_HOST = 2,
    CAPTURE_THREAD_LOCAL = 1,
};

/* CUDA's functions, by their own names. */
struct calls {
    int (*cudaSetDevice)(int card);
    int (*cudaGetLastError)(void);
    const char *(*cudaGetErrorString)(int code);
    int (*cudaHostAlloc)(void **memory, size_t bytes, unsigned flags);
    int (*cudaFreeHost)(void *memory);
    int (*cudaMalloc)(void **memory, size_t bytes);
    int (*cudaFree)(void *memory);
    int (*cudaStreamCreateWithFlags)(void **stream, unsigned flags);
    int (*cudaStreamDestroy)(void *stream);
    int (*cudaStreamSynchronize)(void *stream);
    int (*cudaMemcpyAsync)(void *to, const void *from, size_t bytes, int direction, void *stream);
    int (*cudaThreadExchangeStreamCaptureMode)(int *mode);
};

/* Opened once and never closed: its calls are valid for good. */
static struct {
    pthread_mutex_t lock;
    const char *name;
    struct calls calls;
} library = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Whether graphs may be captured in this process. */
static atomic_bool captures;

struct ccuda_stream {
    int card;
    void *handle;
};

/* Of the CUDA that ONNX Runtime is built for now, and of the one before. */
static const char *const names[] = {"libcudart.so.13", "libcudart.so.12"};
enum { NAMES = sizeof names / sizeof *names };

static void *find(void *handle, const char *name, const char *call, struct ccuda_failure *failure) {
    void *found = dlsym(handle, call);
    if (found) return found;
    failure->call = "dlsym";
    snprintf(failure->message, sizeof failure->message, "%s holds no %s", name, call);
    return NULL;
}

#define FIND(call) \
    ((*(void **)&found.call = find(handle, name, #call, failure)) != NULL)

static int take(void *handle, const char *name, struct ccuda_failure *failure) {
    struct calls found;
    if (!FIND(cudaSetDevice) || !FIND(cudaGetLastError) || !FIND(cudaGetErrorString)
        || !FIND(cudaHostAlloc) || !FIND(cudaFreeHost) || !FIND(cudaMalloc) || !FIND(cudaFree)
        || !FIND(cudaStreamCreateWithFlags) || !FIND(cudaStreamDestroy)
        || !FIND(cudaStreamSynchronize) || !FIND(cudaMemcpyAsync)
        || !FIND(cudaThreadExchangeStreamCaptureMode))
        return -1;
    library.calls = found;
    library.name = name;
    return 0;
}

/* Tries the libraries that are in the process already, or else those that the loader finds; the
 * first one's failure is told. */
static int open_any(int flags, struct ccuda_failure *failure) {
    for (int index = 0; index < NAMES; index++) {
        void *handle = dlopen(names[index], flags | RTLD_NOW | RTLD_LOCAL);
        if (handle) {
            if (take(handle, names[index], failure) == 0) return 0;
            dlclose(handle);
            return -1;
        }
        if (index == 0) {
            failure->call = "dlopen";
            const char *words = dlerror();
            snprintf(failure->message, sizeof failure->message, "%s", words ? words : names[0]);
        }
    }
    return -1;
}

const char *ccuda_open(struct ccuda_failure *failure) {
    pthread_mutex_lock(&library.lock);
    if (!library.name && open_any(RTLD_NOLOAD, failure) != 0) open_any(0, failure);
    const char *name = library.name;
    pthread_mutex_unlock(&library.lock);
    return name;
}

/* Fills `failure`. What is left of the error is taken away, or ONNX Runtime would find it after its
 * next kernel on this thread and take it for its own. */
static int fail(struct ccuda_failure *failure, const char *call, int code) {
    library.calls.cudaGetLastError();
    failure->call = call;
    snprintf(failure->message, sizeof failure->message, "CUDA failure %d: %s", code,
             library.calls.cudaGetErrorString(code));
    return -1;
}

void ccuda_pass_captures(void) {
    static _Thread_local bool passes;
    if (passes || !atomic_load_explicit(&captures, memory_order_relaxed)) return;
    int mode = CAPTURE_THREAD_LOCAL;
    passes = library.calls.cudaThreadExchangeStreamCaptureMode(&mode) == SUCCESS;
    /* What this thread may not do without it will say so itself. */
    if (!passes) library.calls.cudaGetLastError();
}

/* Whatever the calling thread used before. */
static int enter(int card, struct ccuda_failure *failure) {
    ccuda_pass_captures();
    int code = library.calls.cudaSetDevice(card);
    return code == SUCCESS ? 0 : fail(failure, "cudaSetDevice", code);
}

void *ccuda_pinned_allocate(int card, size_t bytes, struct ccuda_failure *failure) {
    void *memory = NULL;
    if (enter(card, failure) != 0) return NULL;
    int code = library.calls.cudaHostAlloc(&memory, bytes, HOST_ALLOC_PORTABLE);
    if (code == SUCCESS) return memory;
    fail(failure, "cudaHostAlloc", code);
    return NULL;
}

void ccuda_pinned_free(void *memory) {
    ccuda_pass_captures();
    /* A card that is lost frees nothing: there is no more to do. */
    if (library.calls.cudaFreeHost(memory) != SUCCESS) library.calls.cudaGetLastError();
}

void *ccuda_card_allocate(int card, size_t bytes, struct ccuda_failure *failure) {
    void *memory = NULL;
    if (enter(card, failure) != 0) return NULL;
    int code = library.calls.cudaMalloc(&memory, bytes);
    if (code == SUCCESS) return memory;
    fail(failure, "cudaMalloc", code);
    return NULL;
}

void ccuda_card_free(int card, void *memory) {
    struct ccuda_failure failure;
    if (enter(card, &failure) != 0 || library.calls.cudaFree(memory) != SUCCESS)
        library.calls.cudaGetLastError();
}

ccuda_stream *ccuda_stream_create(int card, struct ccuda_failure *failure) {
    void *handle = NULL;
    atomic_store(&captures, true);
    if (enter(card, failure) != 0) return NULL;
    /* Not held up by the stream that CUDA calls legacy, which no capture bears. */
    int code = library.calls.cudaStreamCreateWithFlags(&handle, STREAM_NON_BLOCKING);
    if (code != SUCCESS) {
        fail(failure, "cudaStreamCreateWithFlags", code);
        return NULL;
    }
    ccuda_stream *stream = malloc(sizeof *stream);
    if (!stream) abort();
    *stream = (ccuda_stream){.card = card, .handle = handle};
    return stream;
}

void ccuda_stream_destroy(ccuda_stream *stream) {
    struct ccuda_failure failure;
    if (enter(stream->card, &failure) != 0
        || library.calls.cudaStreamDestroy(stream->handle) != SUCCESS)
        library.calls.cudaGetLastError();
    free(stream);
}

void *ccuda_stream_handle(const ccuda_stream *stream) { return stream->handle; }

static int copy(ccuda_stream *stream, void *to, const void *from, size_t bytes, int direction,
                struct ccuda_failure *failure) {
    /* Else a thread's first copy would make ready the first card, which may be another. */
    if (enter(stream->card, failure) != 0) return -1;
    int code = library.calls.cudaMemcpyAsync(to, from, bytes, direction, stream->handle);
    return code == SUCCESS ? 0 : fail(failure, "cudaMemcpyAsync", code);
}

int ccuda_stream_copy_in(ccuda_stream *stream, void *card_memory, const void *memory, size_t bytes,
                         struct ccuda_failure *failure) {
    return copy(stream, card_memory, memory, bytes, HOST_TO_CARD, failure);
}

int ccuda_stream_copy_out(ccuda_stream *stream, void *memory, const void *card_memory, size_t bytes,
                          struct ccuda_failure *failure) {
    return copy(stream, memory, card_memory, bytes, CARD_TO_HOST, failure);
}

int ccuda_stream_wait(ccuda_stream *stream, struct ccuda_failure *failure) {
    int code = library.calls.cudaStreamSynchronize(stream->handle);
    return code == SUCCESS ? 0 : fail(failure, "cudaStreamSynchronize", code);
}
