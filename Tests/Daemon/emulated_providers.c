/* ONNX Runtime with emulated TensorRT and CUDA providers: everything is the real library's, run by
 * the cpu, but the providers can be asked for and take their options, and TensorRT's keeps a plan in
 * the folder that it is told. As with the real one, a plan that is there is used, and one that is made
 * holds other bytes at every start. While the file that EMULATED_CUDA_LOST names exists, every run of
 * a session on CUDA fails with the words in it. What CUDA's provider is told is added to the file
 * that EMULATED_CUDA_TOLD names; memory of a card is the host's, and a session that is given a stream
 * does first what emulated_cudart.c was given for it; no graphs are captured, and with
 * EMULATED_CUDA_CAPTURES_NOTHING a session that wants them fails. REAL_LIBRARY is the path of the real
 * library.
 *
 * Numbers of entries: include/onnxruntime_c_api.h, struct OrtApi.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum {
    CREATE_STATUS = 0,
    CREATE_SESSION_FROM_ARRAY = 8,
    RUN = 9,
    CREATE_MEMORY = 68,
    RELEASE_SESSION = 95,
    RUN_WITH_BINDING = 133,
    APPEND_TENSORRT = 170,
    CREATE_OPTIONS = 171,
    UPDATE_OPTIONS = 172,
    RELEASE_OPTIONS = 174,
    APPEND_CUDA = 204,
    CREATE_CUDA_OPTIONS = 205,
    UPDATE_CUDA_OPTIONS = 206,
    RELEASE_CUDA_OPTIONS = 208,
    UPDATE_CUDA_OPTION_WITH_VALUE = 263,
    /* The last entry that the daemon calls, and one more. */
    ENTRIES = 274,
    TEXT = 4096,
};

struct base {
    const void *const *(*get_api)(uint32_t version);
    const char *(*get_version)(void);
};

static const struct base *real;
static const void *table[ENTRIES];
/* Of the provider that was asked for last, on the thread that makes a session next. */
static __thread char folder[TEXT];
static __thread char told[2 * TEXT];
static __thread int asks_for_cuda, asks_for_graphs;
static __thread void *stream;
/* Sessions on CUDA and their streams. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    void *session, *stream;
} on_cuda[64];

static void *create(char **options) {
    *options = calloc(2, TEXT);
    return NULL;
}

static void *update(char *options, const char *const *keys, const char *const *values, size_t count) {
    for (size_t index = 0; index < count; index++) {
        size_t used = strlen(options);
        snprintf(options + used, 2 * TEXT - used, "%s=%s\n", keys[index], values[index]);
    }
    return NULL;
}

static void *append(void *session_options, const char *options) {
    (void)session_options;
    strcpy(told, options);
    const char *found = strstr(options, "trt_engine_cache_path=");
    folder[0] = 0;
    if (found) sscanf(found, "trt_engine_cache_path=%4095[^\n]", folder);
    return NULL;
}

static void *append_cuda(void *session_options, const char *options) {
    (void)session_options;
    asks_for_cuda = 1;
    asks_for_graphs = strstr(options, "enable_cuda_graph=1\n") != NULL;
    const char *found = strstr(options, "user_compute_stream=");
    stream = NULL;
    if (found) sscanf(found, "user_compute_stream=%p", &stream);
    const char *path = getenv("EMULATED_CUDA_TOLD");
    FILE *file = path ? fopen(path, "a") : NULL;
    if (file) {
        fputs(options, file);
        fclose(file);
    }
    return NULL;
}

static void *update_with_value(char *options, const char *key, void *value) {
    size_t used = strlen(options);
    snprintf(options + used, 2 * TEXT - used, "%s=%p\n", key, value);
    return NULL;
}

/* Where a session stands in `on_cuda`, or -1; NULL finds a free place. */
static int place(const void *session) {
    for (int index = 0; index < 64; index++)
        if (on_cuda[index].session == session) return index;
    return -1;
}

static void *status(const char *words) {
    return ((void *(*)(int, const char *))table[CREATE_STATUS])(1, words);
}

/* Why a run fails, or NULL; does what the session's stream was given. */
static void *begin_run(const void *session) {
    pthread_mutex_lock(&lock);
    int found = place(session);
    void *own = found < 0 ? NULL : on_cuda[found].stream;
    pthread_mutex_unlock(&lock);
    if (found < 0) return NULL;
    const char *lost = getenv("EMULATED_CUDA_LOST");
    FILE *file = lost ? fopen(lost, "r") : NULL;
    if (file) {
        char words[TEXT] = "";
        if (!fgets(words, sizeof words, file)) words[0] = 0;
        fclose(file);
        return status(words);
    }
    if (own) {
        void *library = dlopen("libcudart.so.13", RTLD_NOW | RTLD_NOLOAD);
        ((void (*)(void *))dlsym(library, "emulated_stream_work"))(own);
        dlclose(library);
    }
    return NULL;
}

static void *run(void *session, const void *options, const char *const *input_names,
                 const void *const *inputs, size_t input_count, const char *const *output_names,
                 size_t output_count, void **outputs) {
    void *failure = begin_run(session);
    if (failure) return failure;
    void *(*really)(void *, const void *, const char *const *, const void *const *, size_t,
                    const char *const *, size_t, void **) =
        (void *(*)(void *, const void *, const char *const *, const void *const *, size_t,
                   const char *const *, size_t, void **))real->get_api(16)[RUN];
    return really(session, options, input_names, inputs, input_count, output_names, output_count, outputs);
}

static void *run_with_binding(void *session, const void *options, const void *binding) {
    void *failure = begin_run(session);
    if (failure) return failure;
    return ((void *(*)(void *, const void *, const void *))real->get_api(16)[RUN_WITH_BINDING])(
        session, options, binding);
}

static void *create_memory(const char *name, int allocator, int card, int kind, void **memory) {
    int is_card = strcmp(name, "Cuda") == 0;
    return ((void *(*)(const char *, int, int, int, void **))real->get_api(16)[CREATE_MEMORY])(
        is_card ? "Cpu" : name, allocator, is_card ? 0 : card, kind, memory);
}

static void release_session(void *session) {
    pthread_mutex_lock(&lock);
    int found = place(session);
    if (found >= 0) on_cuda[found].session = NULL;
    pthread_mutex_unlock(&lock);
    ((void (*)(void *))real->get_api(16)[RELEASE_SESSION])(session);
}

static void *create_session(void *environment, const void *bytes, size_t count, void *options,
                            void **session) {
    if (folder[0] && !getenv("EMULATED_TENSORRT_TAKES_NOTHING")) {
        char path[TEXT + 64];
        struct stat found;
        snprintf(path, sizeof path, "%s/TensorrtExecutionProvider_graph_0_sm00.engine", folder);
        if (stat(path, &found) != 0 || getenv("EMULATED_TENSORRT_MAKES_ANEW")) {
            FILE *file = fopen(path, "w");
            struct timespec now;
            clock_gettime(CLOCK_REALTIME, &now);
            fprintf(file, "%s%lld.%09ld\n", told, (long long)now.tv_sec, now.tv_nsec);
            fclose(file);
        }
    }
    folder[0] = 0;
    void *(*really)(void *, const void *, size_t, void *, void **) =
        (void *(*)(void *, const void *, size_t, void *, void **))real->get_api(16)
            [CREATE_SESSION_FROM_ARRAY];
    int is_on_cuda = asks_for_cuda;
    asks_for_cuda = 0;
    if (is_on_cuda && asks_for_graphs && getenv("EMULATED_CUDA_CAPTURES_NOTHING"))
        return status("This session cannot use the graph capture feature as requested by the user");
    void *failure = really(environment, bytes, count, options, session);
    if (!is_on_cuda || failure) return failure;
    pthread_mutex_lock(&lock);
    int found = place(NULL);
    if (found < 0) abort();
    on_cuda[found].session = *session;
    on_cuda[found].stream = stream;
    pthread_mutex_unlock(&lock);
    return NULL;
}

static const void *const *get_api(uint32_t version) {
    const void *const *found = real->get_api(version);
    if (!found) return NULL;
    memcpy(table, found, sizeof table);
    table[CREATE_SESSION_FROM_ARRAY] = (const void *)create_session;
    table[RUN] = (const void *)run;
    table[RUN_WITH_BINDING] = (const void *)run_with_binding;
    table[CREATE_MEMORY] = (const void *)create_memory;
    table[RELEASE_SESSION] = (const void *)release_session;
    table[UPDATE_CUDA_OPTION_WITH_VALUE] = (const void *)update_with_value;
    table[APPEND_CUDA] = (const void *)append_cuda;
    table[CREATE_CUDA_OPTIONS] = (const void *)create;
    table[UPDATE_CUDA_OPTIONS] = (const void *)update;
    table[RELEASE_CUDA_OPTIONS] = (const void *)free;
    table[APPEND_TENSORRT] = (const void *)append;
    table[CREATE_OPTIONS] = (const void *)create;
    table[UPDATE_OPTIONS] = (const void *)update;
    table[RELEASE_OPTIONS] = (const void *)free;
    return table;
}

static struct base emulated = {get_api, NULL};

const struct base *OrtGetApiBase(void) {
    void *library = dlopen(REAL_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!library) return NULL;
    const struct base *(*find)(void) = (const struct base *(*)(void))dlsym(library, "OrtGetApiBase");
    real = find();
    emulated.get_version = real->get_version;
    return &emulated;
}
