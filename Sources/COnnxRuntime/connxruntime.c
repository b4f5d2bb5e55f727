#include "connxruntime.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Slots of the function table, by the name that the library's documentation gives. */
enum slot {
    GET_ERROR_CODE = 1,
    GET_ERROR_MESSAGE = 2,
    CREATE_ENV = 3,
    CREATE_SESSION_FROM_ARRAY = 8,
    RUN = 9,
    CREATE_SESSION_OPTIONS = 10,
    SET_GRAPH_OPTIMIZATION_LEVEL = 23,
    SET_INTRA_OP_THREADS = 24,
    SET_INTER_OP_THREADS = 25,
    SESSION_GET_INPUT_COUNT = 30,
    SESSION_GET_OUTPUT_COUNT = 31,
    SESSION_GET_INPUT_TYPE = 33,
    SESSION_GET_OUTPUT_TYPE = 34,
    SESSION_GET_INPUT_NAME = 36,
    SESSION_GET_OUTPUT_NAME = 37,
    CREATE_TENSOR_WITH_DATA = 49,
    CAST_TYPE_TO_TENSOR = 55,
    GET_TYPE_KIND = 56,
    GET_ELEMENT_TYPE = 60,
    GET_DIMENSION_COUNT = 61,
    GET_DIMENSIONS = 62,
    CREATE_MEMORY = 68,
    CREATE_CPU_MEMORY = 69,
    ALLOCATOR_FREE = 76,
    GET_DEFAULT_ALLOCATOR = 78,
    RELEASE_STATUS = 93,
    RELEASE_MEMORY = 94,
    RELEASE_SESSION = 95,
    RELEASE_VALUE = 96,
    RELEASE_TYPE = 98,
    RELEASE_OPTIONS = 100,
    ADD_CONFIG = 130,
    RUN_WITH_BINDING = 133,
    CREATE_BINDING = 134,
    RELEASE_BINDING = 135,
    BIND_INPUT = 136,
    BIND_OUTPUT = 137,
    APPEND_TENSORRT = 170,
    CREATE_TENSORRT_OPTIONS = 171,
    UPDATE_TENSORRT_OPTIONS = 172,
    RELEASE_TENSORRT_OPTIONS = 174,
    APPEND_CUDA = 204,
    CREATE_CUDA_OPTIONS = 205,
    UPDATE_CUDA_OPTIONS = 206,
    RELEASE_CUDA_OPTIONS = 208,
    UPDATE_CUDA_OPTION_WITH_VALUE = 263,
    SET_DETERMINISTIC_COMPUTE = 273,
};

/* A slot as a function of this type. */
#define CALL(slot, ...) ((ort_status * (*)(__VA_ARGS__)) api[slot])
#define VOID_CALL(slot, ...) ((void (*)(__VA_ARGS__))api[slot])

struct ort_base {
    ort_table (*get_api)(uint32_t version);
    const char *(*get_version)(void);
};

ort_table ort_open(const char *path, const char **version, char *error, size_t error_bytes) {
    /* The wheel's library reports its use to its maker over the network, from a thread of its own,
     * unless this says no; a user who wants that sets it to 0. */
    setenv("ORT_DISABLE_TELEMETRY", "1", 0);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        snprintf(error, error_bytes, "%s", dlerror());
        return NULL;
    }
    const struct ort_base *(*base)(void) = (const struct ort_base *(*)(void))dlsym(library, "OrtGetApiBase");
    if (!base) {
        snprintf(error, error_bytes, "%s holds no OrtGetApiBase: it is not ONNX Runtime", path);
        dlclose(library);
        return NULL;
    }
    *version = base()->get_version();
    ort_table api = base()->get_api(ORT_INTERFACE_VERSION);
    if (!api) {
        snprintf(error, error_bytes, "%s is ONNX Runtime %s, older than interface version %d", path,
                 *version, ORT_INTERFACE_VERSION);
        dlclose(library);
    }
    return api;
}

int ort_status_code(ort_table api, const ort_status *status) {
    return ((int (*)(const ort_status *))api[GET_ERROR_CODE])(status);
}

const char *ort_status_message(ort_table api, const ort_status *status) {
    return ((const char *(*)(const ort_status *))api[GET_ERROR_MESSAGE])(status);
}

void ort_release_status(ort_table api, ort_status *status) {
    VOID_CALL(RELEASE_STATUS, ort_status *)(status);
}

ort_status *ort_create_env(ort_table api, int severity, const char *name, ort_env **out) {
    return CALL(CREATE_ENV, int, const char *, ort_env **)(severity, name, out);
}

ort_status *ort_create_options(ort_table api, ort_options **out) {
    return CALL(CREATE_SESSION_OPTIONS, ort_options **)(out);
}

void ort_release_options(ort_table api, ort_options *options) {
    VOID_CALL(RELEASE_OPTIONS, ort_options *)(options);
}

ort_status *ort_set_threads(ort_table api, ort_options *options, int intra, int inter) {
    ort_status *status = CALL(SET_INTRA_OP_THREADS, ort_options *, int)(options, intra);
    return status ? status : CALL(SET_INTER_OP_THREADS, ort_options *, int)(options, inter);
}

ort_status *ort_set_optimization(ort_table api, ort_options *options, int level) {
    return CALL(SET_GRAPH_OPTIMIZATION_LEVEL, ort_options *, int)(options, level);
}

ort_status *ort_add_config(ort_table api, ort_options *options, const char *key, const char *value) {
    return CALL(ADD_CONFIG, ort_options *, const char *, const char *)(options, key, value);
}

ort_status *ort_set_deterministic(ort_table api, ort_options *options) {
    return CALL(SET_DETERMINISTIC_COMPUTE, ort_options *, bool)(options, true);
}

ort_status *ort_append_cuda(ort_table api, ort_options *options, const char *const *keys,
                            const char *const *values, size_t count, void *stream) {
    ort_cuda_options *cuda = NULL;
    ort_status *status = CALL(CREATE_CUDA_OPTIONS, ort_cuda_options **)(&cuda);
    if (!status)
        status = CALL(UPDATE_CUDA_OPTIONS, ort_cuda_options *, const char *const *,
                      const char *const *, size_t)(cuda, keys, values, count);
    if (!status && stream)
        status = CALL(UPDATE_CUDA_OPTION_WITH_VALUE, ort_cuda_options *, const char *,
                      void *)(cuda, "user_compute_stream", stream);
    if (!status)
        status = CALL(APPEND_CUDA, ort_options *, const ort_cuda_options *)(options, cuda);
    if (cuda) VOID_CALL(RELEASE_CUDA_OPTIONS, ort_cuda_options *)(cuda);
    return status;
}

ort_status *ort_append_tensorrt(ort_table api, ort_options *options, const char *const *keys,
                                const char *const *values, size_t count) {
    ort_tensorrt_options *tensorrt = NULL;
    ort_status *status = CALL(CREATE_TENSORRT_OPTIONS, ort_tensorrt_options **)(&tensorrt);
    if (!status)
        status = CALL(UPDATE_TENSORRT_OPTIONS, ort_tensorrt_options *, const char *const *,
                      const char *const *, size_t)(tensorrt, keys, values, count);
    if (!status)
        status = CALL(APPEND_TENSORRT, ort_options *, const ort_tensorrt_options *)(options, tensorrt);
    if (tensorrt) VOID_CALL(RELEASE_TENSORRT_OPTIONS, ort_tensorrt_options *)(tensorrt);
    return status;
}

ort_status *ort_create_session(ort_table api, ort_env *env, const void *model, size_t bytes,
                               const ort_options *options, ort_session **out) {
    return CALL(CREATE_SESSION_FROM_ARRAY, const ort_env *, const void *, size_t,
                const ort_options *, ort_session **)(env, model, bytes, options, out);
}

void ort_release_session(ort_table api, ort_session *session) {
    VOID_CALL(RELEASE_SESSION, ort_session *)(session);
}

ort_status *ort_input_count(ort_table api, const ort_session *session, size_t *out) {
    return CALL(SESSION_GET_INPUT_COUNT, const ort_session *, size_t *)(session, out);
}

ort_status *ort_output_count(ort_table api, const ort_session *session, size_t *out) {
    return CALL(SESSION_GET_OUTPUT_COUNT, const ort_session *, size_t *)(session, out);
}

static ort_status *copy_name(ort_table api, enum slot slot, const ort_session *session,
                             size_t index, char *name, size_t bytes) {
    ort_allocator *allocator = NULL;
    char *text = NULL;
    ort_status *status = CALL(GET_DEFAULT_ALLOCATOR, ort_allocator **)(&allocator);
    if (!status)
        status = CALL(slot, const ort_session *, size_t, ort_allocator *, char **)(session, index,
                                                                                  allocator, &text);
    if (status) return status;
    snprintf(name, bytes, "%s", text);
    return CALL(ALLOCATOR_FREE, ort_allocator *, void *)(allocator, text);
}

ort_status *ort_input_name(ort_table api, const ort_session *session, size_t index, char *name,
                           size_t bytes) {
    return copy_name(api, SESSION_GET_INPUT_NAME, session, index, name, bytes);
}

ort_status *ort_output_name(ort_table api, const ort_session *session, size_t index, char *name,
                            size_t bytes) {
    return copy_name(api, SESSION_GET_OUTPUT_NAME, session, index, name, bytes);
}

ort_status *ort_tensor_type(ort_table api, const ort_session *session, int is_output, size_t index,
                            int *kind, int *element, int64_t *dimensions, size_t capacity,
                            size_t *rank) {
    ort_type *type = NULL;
    const ort_tensor_info *info = NULL;
    *rank = 0;
    *element = 0;
    ort_status *status = CALL(is_output ? SESSION_GET_OUTPUT_TYPE : SESSION_GET_INPUT_TYPE,
                              const ort_session *, size_t, ort_type **)(session, index, &type);
    if (!status) status = CALL(GET_TYPE_KIND, const ort_type *, int *)(type, kind);
    if (!status && *kind == 1) {
        status = CALL(CAST_TYPE_TO_TENSOR, const ort_type *, const ort_tensor_info **)(type, &info);
        if (!status) status = CALL(GET_ELEMENT_TYPE, const ort_tensor_info *, int *)(info, element);
        if (!status) status = CALL(GET_DIMENSION_COUNT, const ort_tensor_info *, size_t *)(info, rank);
        if (!status && *rank <= capacity)
            status = CALL(GET_DIMENSIONS, const ort_tensor_info *, int64_t *, size_t)(info, dimensions,
                                                                                     *rank);
    }
    if (type) VOID_CALL(RELEASE_TYPE, ort_type *)(type);
    return status;
}

ort_status *ort_cpu_memory(ort_table api, ort_memory **out) {
    const int arena = 1, ordinary = 0;
    return CALL(CREATE_CPU_MEMORY, int, int, ort_memory **)(arena, ordinary, out);
}

ort_status *ort_cuda_memory(ort_table api, int card, ort_memory **out) {
    const int device = 0, ordinary = 0;
    return CALL(CREATE_MEMORY, const char *, int, int, int, ort_memory **)("Cuda", device, card,
                                                                          ordinary, out);
}

void ort_release_memory(ort_table api, ort_memory *memory) {
    VOID_CALL(RELEASE_MEMORY, ort_memory *)(memory);
}

ort_status *ort_create_tensor(ort_table api, const ort_memory *memory, void *data, size_t bytes,
                              const int64_t *shape, size_t rank, int element, ort_value **out) {
    return CALL(CREATE_TENSOR_WITH_DATA, const ort_memory *, void *, size_t, const int64_t *, size_t,
                int, ort_value **)(memory, data, bytes, shape, rank, element, out);
}

void ort_release_value(ort_table api, ort_value *value) {
    VOID_CALL(RELEASE_VALUE, ort_value *)(value);
}

ort_status *ort_run(ort_table api, ort_session *session, const char *const *input_names,
                    const ort_value *const *inputs, size_t input_count,
                    const char *const *output_names, size_t output_count, ort_value **outputs) {
    return CALL(RUN, ort_session *, const void *, const char *const *, const ort_value *const *,
                size_t, const char *const *, size_t, ort_value **)(
        session, NULL, input_names, inputs, input_count, output_names, output_count, outputs);
}

ort_status *ort_create_binding(ort_table api, ort_session *session, ort_binding **out) {
    return CALL(CREATE_BINDING, ort_session *, ort_binding **)(session, out);
}

void ort_release_binding(ort_table api, ort_binding *binding) {
    VOID_CALL(RELEASE_BINDING, ort_binding *)(binding);
}

ort_status *ort_bind_input(ort_table api, ort_binding *binding, const char *name,
                           const ort_value *value) {
    return CALL(BIND_INPUT, ort_binding *, const char *, const ort_value *)(binding, name, value);
}

ort_status *ort_bind_output(ort_table api, ort_binding *binding, const char *name,
                            const ort_value *value) {
    return CALL(BIND_OUTPUT, ort_binding *, const char *, const ort_value *)(binding, name, value);
}

ort_status *ort_run_bound(ort_table api, ort_session *session, const ort_binding *binding) {
    return CALL(RUN_WITH_BINDING, ort_session *, const void *, const ort_binding *)(session, NULL,
                                                                                   binding);
}
