/*
 * Scores one event with vigild: one request over ZeroMQ, one reply, printed line by line.
 *
 *   vigil_score tcp://127.0.0.1:5555 er-nr-tree features 20 4000 300 100 -50
 *
 * A whole client in one file, to read and to begin from. README.md says how to build it and why it
 * speaks to the allocator first.
 */
#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "vigil.pb-c.h"

/* The daemon is told to give up before we do. */
#define DEADLINE_MICROSECONDS 5000000
#define TIMEOUT_MILLISECONDS 10000
#define REQUEST_ID 1

/*
 * Keeps freed memory in the process. By default glibc gives it back to the kernel after every large
 * message and faults it in again, page by page, for the next. 32 MiB is the limit that mallopt(3)
 * names for the threshold of mmap; blocks beyond it come from the kernel each time.
 */
static bool keep_freed_memory(void) {
    return mallopt(M_MMAP_THRESHOLD, 32 << 20) && mallopt(M_TRIM_THRESHOLD, 1 << 30)
           && mallopt(M_TOP_PAD, 64 << 20);
}

/* Reads values as the protocol wants them: float32, little-endian, as this machine's have to be. */
static bool read_values(char **words, size_t count, float *values) {
    for (size_t i = 0; i < count; i++) {
        char *end;
        values[i] = strtof(words[i], &end);
        if (end == words[i] || *end != '\0') {
            fprintf(stderr, "vigil_score: found '%s', allowed is a number\n", words[i]);
            return false;
        }
    }
    return true;
}

/* Packs a request for one event; the caller frees it. The tensor travels in the header, where up to
 * about 1 kB belongs; a larger one goes into a frame of its own, see Protocols/README.md. */
static uint8_t *pack_request(char *model, char *input, float *values, size_t count, size_t *bytes) {
    int64_t shape[] = {1, (int64_t)count};
    Vigil__V1__Tensor tensor = VIGIL__V1__TENSOR__INIT;
    tensor.name = input;
    tensor.has_type = true;
    tensor.type = VIGIL__V1__DATA_TYPE__FLOAT32;
    tensor.n_shape = 2;
    tensor.shape = shape;
    tensor.has_data = true;
    tensor.data.data = (uint8_t *)values;
    tensor.data.len = count * sizeof *values;

    Vigil__V1__Tensor *inputs[] = {&tensor};
    Vigil__V1__Score score = VIGIL__V1__SCORE__INIT;
    score.model = model;
    score.n_inputs = 1;
    score.inputs = inputs;
    score.has_deadline_microseconds = true;
    score.deadline_microseconds = DEADLINE_MICROSECONDS;

    Vigil__V1__Request request = VIGIL__V1__REQUEST__INIT;
    request.has_id = true;
    request.id = REQUEST_ID;
    request.kind_case = VIGIL__V1__REQUEST__KIND_SCORE;
    request.score = &score;

    *bytes = vigil__v1__request__get_packed_size(&request);
    uint8_t *packed = malloc(*bytes);
    if (packed != NULL) {
        vigil__v1__request__pack(&request, packed);
    }
    return packed;
}

/* Sends the header and takes the first frame of the reply; NULL, with a message, without one. */
static Vigil__V1__Reply *exchange(void *context, const char *endpoint, const uint8_t *bytes,
                                  size_t count) {
    void *socket = zmq_socket(context, ZMQ_DEALER);
    if (socket == NULL) {
        fprintf(stderr, "vigil_score: %s\n", zmq_strerror(errno));
        return NULL;
    }
    int timeout = TIMEOUT_MILLISECONDS, linger = 0;
    zmq_setsockopt(socket, ZMQ_RCVTIMEO, &timeout, sizeof timeout);
    zmq_setsockopt(socket, ZMQ_SNDTIMEO, &timeout, sizeof timeout);
    zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);

    Vigil__V1__Reply *reply = NULL;
    zmq_msg_t frame;
    zmq_msg_init(&frame);
    if (zmq_connect(socket, endpoint) != 0 || zmq_send(socket, bytes, count, 0) < 0
        || zmq_msg_recv(&frame, socket, 0) < 0) {
        bool late = errno == EAGAIN;
        fprintf(stderr, "vigil_score: %s: %s\n", endpoint, late ? "no reply" : zmq_strerror(errno));
    } else {
        /* Unpacking copies, so the frame may go. */
        reply = vigil__v1__reply__unpack(NULL, zmq_msg_size(&frame), zmq_msg_data(&frame));
        if (reply == NULL) {
            fprintf(stderr, "vigil_score: %s: not a reply of vigild\n", endpoint);
        }
    }
    zmq_msg_close(&frame);
    zmq_close(socket);
    return reply;
}

/* Prints " NAME=VALUE ..." with as many digits as a float32 has; nothing for a tensor left out.
 * What was asked in the header is answered in the header. */
static bool print_tensor(const char *name, const Vigil__V1__Tensor *tensor) {
    if (tensor == NULL) {
        return true;
    }
    if (tensor->type != VIGIL__V1__DATA_TYPE__FLOAT32 || !tensor->has_data) {
        fprintf(stderr, "vigil_score: found a tensor of type %d, this example prints FLOAT32\n",
                (int)tensor->type);
        return false;
    }
    printf(" %s=", name);
    for (size_t at = 0; at + sizeof(float) <= tensor->data.len; at += sizeof(float)) {
        float value;
        memcpy(&value, tensor->data.data + at, sizeof value);
        printf("%s%.9g", at == 0 ? "" : ",", (double)value);
    }
    return true;
}

/* Prints one line for each output; false, with a message, if there is nothing to print. */
static bool print_reply(const Vigil__V1__Reply *reply) {
    if (reply->id != REQUEST_ID || reply->status == NULL) {
        fprintf(stderr, "vigil_score: a reply to request %" PRIu64 "\n", reply->id);
        return false;
    }
    const Vigil__V1__Status *status = reply->status;
    if (status->code != VIGIL__V1__CODE__OK) {
        const ProtobufCEnumValue *code =
            protobuf_c_enum_descriptor_get_value(&vigil__v1__code__descriptor, (int)status->code);
        fprintf(stderr, "vigil_score: %s: %s%s%s\n", code == NULL ? "unknown code" : code->name,
                status->field == NULL ? "" : status->field, status->field == NULL ? "" : ": ",
                status->message == NULL ? "" : status->message);
        return false;
    }
    if (reply->kind_case != VIGIL__V1__REPLY__KIND_SCORE) {
        fprintf(stderr, "vigil_score: not a reply to a score request\n");
        return false;
    }
    for (size_t i = 0; i < reply->score->n_outputs; i++) {
        const Vigil__V1__Output *output = reply->score->outputs[i];
        printf("%s", output->name == NULL ? "" : output->name);
        bool printed = print_tensor("value", output->value) && print_tensor("lower", output->lower)
                       && print_tensor("upper", output->upper);
        printf("\n");
        if (!printed) {
            return false;
        }
    }
    return true;
}

int main(int count, char **words) {
    if (count < 5) {
        fprintf(stderr, "usage: vigil_score ENDPOINT MODEL INPUT VALUE ...\n");
        return 2;
    }
    if (!keep_freed_memory()) {
        fprintf(stderr, "vigil_score: the allocator keeps its defaults\n");
    }
    size_t value_count = (size_t)count - 4, bytes = 0;
    float *values = calloc(value_count, sizeof *values);
    if (values == NULL) {
        return 1;
    }
    if (!read_values(words + 4, value_count, values)) {
        free(values);
        return 2;
    }
    uint8_t *request = pack_request(words[2], words[3], values, value_count, &bytes);
    void *context = zmq_ctx_new();
    bool scored = false;
    if (request != NULL && context != NULL) {
        Vigil__V1__Reply *reply = exchange(context, words[1], request, bytes);
        scored = reply != NULL && print_reply(reply);
        if (reply != NULL) {
            vigil__v1__reply__free_unpacked(reply, NULL);
        }
    }
    if (context != NULL) {
        zmq_ctx_term(context);
    }
    free(request);
    free(values);
    return scored ? 0 : 1;
}
