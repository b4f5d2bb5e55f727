#include "ccuda.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* From CUDA's documentation of its runtime library. */
enum { SUCCESS = 0, HOST_ALLOC_PORTABLE = 1 };

/* CUDA's functions, by their own names. */
struct calls {
    int (*cudaSetDevice)(int card);
    int (*cudaGetLastError)(void);
    const char *(*cudaGetErrorString)(int code);
    int (*cudaHostAlloc)(void **memory, size_t bytes, unsigned flags);
    int (*cudaFreeHost)(void *memory);
};

/* Opened once and never closed: its calls are valid for good. */
static struct {
    pthread_mutex_t lock;
    const char *name;
    struct calls calls;
} library = {.lock = PTHREAD_MUTEX_INITIALIZER};

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
        || !FIND(cudaHostAlloc) || !FIND(cudaFreeHost))
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

/* Whatever the calling thread used before. */
static int enter(int card, struct ccuda_failure *failure) {
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
    /* A card that is lost frees nothing: there is no more to do. */
    if (library.calls.cudaFreeHost(memory) != SUCCESS) library.calls.cudaGetLastError();
}
