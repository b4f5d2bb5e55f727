/* ONNX Runtime with emulated TensorRT and CUDA providers: everything is the real library's, run by
 * the cpu, but the providers can be asked for and take their options, and TensorRT's keeps a plan in
 * the folder that it is told. As with the real one, a plan that is there is used, and one that is made
 * holds other bytes at every start. While the file that EMULATED_CUDA_LOST names exists, every run of
 * a session on CUDA fails with the words in it. REAL_LIBRARY is the path of the real library.
 *
 * Numbers of entries: include/onnxruntime_c_api.h, struct OrtApi.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
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
    APPEND_TENSORRT = 170,
    CREATE_OPTIONS = 171,
    UPDATE_OPTIONS = 172,
    RELEASE_OPTIONS = 174,
    APPEND_CUDA = 204,
    CREATE_CUDA_OPTIONS = 205,
    UPDATE_CUDA_OPTIONS = 206,
    RELEASE_CUDA_OPTIONS = 208,
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
static __thread int asks_for_cuda;
/* Sessions on CUDA; few are ever made. */
static void *on_cuda[64];
static _Atomic int sessions_on_cuda;

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
    (void)options;
    asks_for_cuda = 1;
    return NULL;
}

static int is_on_cuda(const void *session) {
    for (int index = 0; index < sessions_on_cuda; index++)
        if (on_cuda[index] == session) return 1;
    return 0;
}

static void *run(void *session, const void *options, const char *const *input_names,
                 const void *const *inputs, size_t input_count, const char *const *output_names,
                 size_t output_count, void **outputs) {
    const char *lost = getenv("EMULATED_CUDA_LOST");
    FILE *file = lost && is_on_cuda(session) ? fopen(lost, "r") : NULL;
    if (file) {
        char words[TEXT] = "";
        if (!fgets(words, sizeof words, file)) words[0] = 0;
        fclose(file);
        void *(*make)(int, const char *) = (void *(*)(int, const char *))table[CREATE_STATUS];
        return make(1, words);
    }
    void *(*really)(void *, const void *, const char *const *, const void *const *, size_t,
                    const char *const *, size_t, void **) =
        (void *(*)(void *, const void *, const char *const *, const void *const *, size_t,
                   const char *const *, size_t, void **))real->get_api(16)[RUN];
    return really(session, options, input_names, inputs, input_count, output_names, output_count, outputs);
}

static void *create_session(void *environment, const void *bytes, size_t count, void *options,
                            void **session) {
    if (folder[0] && !getenv("EMULATED_TENSORRT_TAKES_NOTHING")) {
        char path[TEXT + 64];
        struct stat status;
        snprintf(path, sizeof path, "%s/TensorrtExecutionProvider_graph_0_sm00.engine", folder);
        if (stat(path, &status) != 0 || getenv("EMULATED_TENSORRT_MAKES_ANEW")) {
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
    void *status = really(environment, bytes, count, options, session);
    if (asks_for_cuda && !status && sessions_on_cuda < 64) on_cuda[sessions_on_cuda++] = *session;
    asks_for_cuda = 0;
    return status;
}

static const void *const *get_api(uint32_t version) {
    const void *const *found = real->get_api(version);
    if (!found) return NULL;
    memcpy(table, found, sizeof table);
    table[CREATE_SESSION_FROM_ARRAY] = (const void *)create_session;
    table[RUN] = (const void *)run;
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
