#ifndef VIGIL_CONNXRUNTIME_H
#define VIGIL_CONNXRUNTIME_H

#include <stddef.h>
#include <stdint.h>

/* The part of ONNX Runtime's C interface that Vigil uses, declared by ourselves.
 *
 * Nothing is linked: the library is opened at run time, and a function is a slot of
 * the table that GetApi(version) returns. The table only grows at its end, so a slot
 * keeps its index (checked against ORT_API_VERSION 20 and later). Every call returns
 * NULL for success or a status that its caller releases. Failing calls set *out to
 * nothing. */

typedef const void *const *ort_table;
typedef struct ort_status ort_status;
typedef struct ort_env ort_env;
typedef struct ort_options ort_options;
typedef struct ort_session ort_session;
typedef struct ort_value ort_value;
typedef struct ort_memory ort_memory;
typedef struct ort_type ort_type;
typedef struct ort_tensor_info ort_tensor_info;
typedef struct ort_allocator ort_allocator;
typedef struct ort_cuda_options ort_cuda_options;
typedef struct ort_tensorrt_options ort_tensorrt_options;
typedef struct ort_binding ort_binding;

/* Oldest interface version that holds every slot below. */
#define ORT_INTERFACE_VERSION 20
/* Most inputs or outputs of one run. */
#define ORT_MAXIMUM_TENSORS 32

/* Opens the library and returns its table; NULL with a message in `error`. */
ort_table ort_open(const char *path, const char **version, char *error, size_t error_bytes);

int ort_status_code(ort_table api, const ort_status *status);
const char *ort_status_message(ort_table api, const ort_status *status);
void ort_release_status(ort_table api, ort_status *status);

ort_status *ort_create_env(ort_table api, int severity, const char *name, ort_env **out);
ort_status *ort_create_options(ort_table api, ort_options **out);
void ort_release_options(ort_table api, ort_options *options);
ort_status *ort_set_threads(ort_table api, ort_options *options, int intra, int inter);
ort_status *ort_set_optimization(ort_table api, ort_options *options, int level);
ort_status *ort_add_config(ort_table api, ort_options *options, const char *key, const char *value);
/* Kernels whose results repeat, where a provider has several. */
ort_status *ort_set_deterministic(ort_table api, ort_options *options);
/* `stream` is CUDA's handle of the stream to work on, or NULL for one of the provider's own. */
ort_status *ort_append_cuda(ort_table api, ort_options *options, const char *const *keys,
                            const char *const *values, size_t count, void *stream);
ort_status *ort_append_tensorrt(ort_table api, ort_options *options, const char *const *keys,
                                const char *const *values, size_t count);

ort_status *ort_create_session(ort_table api, ort_env *env, const void *model, size_t bytes,
                               const ort_options *options, ort_session **out);
void ort_release_session(ort_table api, ort_session *session);
ort_status *ort_input_count(ort_table api, const ort_session *session, size_t *out);
ort_status *ort_output_count(ort_table api, const ort_session *session, size_t *out);
/* The name is copied into `name` and cut at `bytes` - 1. */
ort_status *ort_input_name(ort_table api, const ort_session *session, size_t index, char *name,
                           size_t bytes);
ort_status *ort_output_name(ort_table api, const ort_session *session, size_t index, char *name,
                            size_t bytes);
/* kind: ONNXType; element: ONNXTensorElementDataType; dimensions: -1 where symbolic. At
 * most `capacity` dimensions are written; *rank tells how many there are. */
ort_status *ort_tensor_type(ort_table api, const ort_session *session, int is_output, size_t index,
                            int *kind, int *element, int64_t *dimensions, size_t capacity,
                            size_t *rank);

ort_status *ort_cpu_memory(ort_table api, ort_memory **out);
/* Memory of a card. */
ort_status *ort_cuda_memory(ort_table api, int card, ort_memory **out);
void ort_release_memory(ort_table api, ort_memory *memory);
ort_status *ort_create_tensor(ort_table api, const ort_memory *memory, void *data, size_t bytes,
                              const int64_t *shape, size_t rank, int element, ort_value **out);
void ort_release_value(ort_table api, ort_value *value);
ort_status *ort_run(ort_table api, ort_session *session, const char *const *input_names,
                    const ort_value *const *inputs, size_t input_count,
                    const char *const *output_names, size_t output_count, ort_value **outputs);

/* Inputs and outputs that are where they are for every run. A binding keeps the values it is given,
 * not their memory. */
ort_status *ort_create_binding(ort_table api, ort_session *session, ort_binding **out);
void ort_release_binding(ort_table api, ort_binding *binding);
ort_status *ort_bind_input(ort_table api, ort_binding *binding, const char *name,
                           const ort_value *value);
ort_status *ort_bind_output(ort_table api, ort_binding *binding, const char *name,
                            const ort_value *value);
ort_status *ort_run_bound(ort_table api, ort_session *session, const ort_binding *binding);

#endif
