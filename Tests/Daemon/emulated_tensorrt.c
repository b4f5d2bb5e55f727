/* ONNX Runtime with an emulated TensorRT provider: everything is the real library's, run by the cpu,
 * but the provider can be asked for, takes its options, and keeps a plan in the folder that it is
 * told. As with the real one, a plan that is there is used, and one that is made holds other bytes at
 * every start. REAL_LIBRARY is the path of the real library.
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
    CREATE_SESSION_FROM_ARRAY = 8,
    APPEND_TENSORRT = 170,
    CREATE_OPTIONS = 171,
    UPDATE_OPTIONS = 172,
    RELEASE_OPTIONS = 174,
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
    return really(environment, bytes, count, options, session);
}

static const void *const *get_api(uint32_t version) {
    const void *const *found = real->get_api(version);
    if (!found) return NULL;
    memcpy(table, found, sizeof table);
    table[CREATE_SESSION_FROM_ARRAY] = (const void *)create_session;
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
