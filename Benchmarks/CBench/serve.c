#include "connxruntime.h"
#include "frames.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_REQUESTS = 64, MOST_ROWS = 1024, MOST_OUTPUTS = 8, MOST_RANK = 8, NAME_BYTES = 64 };
enum { ONLY_ERRORS = 3, OPTIMISE_ALL = 99, FLOAT = 1 };

/* A tensor of the model, and memory for a micro-batch of it. */
typedef struct {
    char name[NAME_BYTES];
    int64_t shape[MOST_RANK];
    size_t rank;
    size_t row_bytes;
    unsigned char *memory;
    /* Bound to the memory, by rows; made when first needed. */
    ort_value *bound[MOST_ROWS + 1];
} tensor;

typedef struct {
    ort_table api;
    ort_session *session;
    ort_memory *memory;
    tensor input;
    tensor outputs[MOST_OUTPUTS];
    size_t output_count;
    size_t output_bytes;
} model;

/* A request that waits for its run, and where its outputs go. */
typedef struct {
    zmq_msg_t identity;
    zmq_msg_t parts[MOST_FRAMES];
    int part_count;
    size_t rows;
    zmq_msg_t replies[MOST_FRAMES];
    unsigned char *outputs;
    size_t room;
} request;

static _Noreturn void fail(const char *message) {
    fprintf(stderr, "%s\n", message);
    exit(1);
}

static void check(ort_table api, ort_status *status) {
    if (status) fail(ort_status_message(api, status));
}

static void describe(model *m, int is_output, size_t index, size_t rows, tensor *t) {
    int kind, element;
    check(m->api, is_output ? ort_output_name(m->api, m->session, index, t->name, NAME_BYTES)
                            : ort_input_name(m->api, m->session, index, t->name, NAME_BYTES));
    check(m->api, ort_tensor_type(m->api, m->session, is_output, index, &kind, &element, t->shape,
                                  MOST_RANK, &t->rank));
    if (element != FLOAT || t->rank > MOST_RANK) fail("the model's tensors are not plain float32");
    t->row_bytes = sizeof(float);
    for (size_t axis = 1; axis < t->rank; axis++) t->row_bytes *= (size_t)t->shape[axis];
    t->memory = aligned_alloc(64, (rows * t->row_bytes + 63) / 64 * 64);
    if (!t->memory) fail("no memory for a micro-batch");
}

static void open_model(model *m, const char *library, const char *path, size_t rows) {
    static unsigned char content[128 << 20];
    char error[512];
    const char *version;
    FILE *file = fopen(path, "rb");
    if (!file) fail("the model cannot be read");
    size_t bytes = fread(content, 1, sizeof content, file);
    fclose(file);
    m->api = ort_open(library, &version, error, sizeof error);
    if (!m->api) fail(error);
    ort_env *environment;
    ort_options *options;
    check(m->api, ort_create_env(m->api, ONLY_ERRORS, "cbench", &environment));
    check(m->api, ort_create_options(m->api, &options));
    check(m->api, ort_set_threads(m->api, options, 1, 1));
    check(m->api, ort_set_optimization(m->api, options, OPTIMISE_ALL));
    check(m->api, ort_create_session(m->api, environment, content, bytes, options, &m->session));
    check(m->api, ort_cpu_memory(m->api, &m->memory));
    check(m->api, ort_output_count(m->api, m->session, &m->output_count));
    if (m->output_count > MOST_OUTPUTS) fail("the model has too many outputs");
    describe(m, 0, 0, rows, &m->input);
    for (size_t index = 0; index < m->output_count; index++) {
        describe(m, 1, index, rows, &m->outputs[index]);
        m->output_bytes += m->outputs[index].row_bytes;
    }
}

static ort_value *value(model *m, tensor *t, void *memory, size_t rows) {
    ort_value *made;
    t->shape[0] = (int64_t)rows;
    check(m->api, ort_create_tensor(m->api, m->memory, memory, rows * t->row_bytes, t->shape,
                                    t->rank, FLOAT, &made));
    return made;
}

static ort_value *bound(model *m, tensor *t, size_t rows) {
    if (!t->bound[rows]) t->bound[rows] = value(m, t, t->memory, rows);
    return t->bound[rows];
}

static void run(model *m, const ort_value *input, size_t rows) {
    const char *input_name = m->input.name;
    const char *output_names[MOST_OUTPUTS];
    ort_value *outputs[MOST_OUTPUTS];
    for (size_t index = 0; index < m->output_count; index++) {
        output_names[index] = m->outputs[index].name;
        outputs[index] = bound(m, &m->outputs[index], rows);
    }
    check(m->api, ort_run(m->api, m->session, &input_name, &input, 1, output_names,
                          m->output_count, outputs));
}

/* Rows `from` to `from + rows` of the micro-batch become rows `place` and on of a reply, as far as
 * the reply has room. */
static void answer(model *m, request *r, size_t from, size_t place, size_t rows) {
    size_t before = 0;
    for (size_t index = 0; index < m->output_count; index++) {
        tensor *t = &m->outputs[index];
        if ((before + t->row_bytes) * r->rows > r->room) return;
        memcpy(r->outputs + before * r->rows + place * t->row_bytes,
               t->memory + from * t->row_bytes, rows * t->row_bytes);
        before += t->row_bytes;
    }
}

/* Takes one request, waiting for it or not; returns whether there was one. */
static int take(model *m, void *socket, request *r, int flags, const cbench_frame *frames,
                int count) {
    zmq_msg_init(&r->identity);
    if (zmq_msg_recv(&r->identity, socket, flags) < 0) {
        if (zmq_errno() == EAGAIN || zmq_errno() == EINTR) return 0;
        fail(zmq_strerror(zmq_errno()));
    }
    r->part_count = cbench_receive_parts(socket, r->parts);
    if (r->part_count < 1) fail("a request has too many frames");
    r->rows = zmq_msg_size(&r->parts[r->part_count - 1]) / m->input.row_bytes;
    for (int index = 0; index < count; index++)
        cbench_reply_frame(&r->replies[index], index, &r->parts[0], frames[index]);
    zmq_msg_t *last = &r->replies[count - 1];
    /* At its end, for a first frame begins with a header. */
    size_t size = zmq_msg_size(last), bytes = r->rows * m->output_bytes;
    r->room = bytes < size ? bytes : size;
    r->outputs = (unsigned char *)zmq_msg_data(last) + size - r->room;
    return 1;
}

static void send(void *socket, request *r, int count) {
    zmq_msg_send(&r->identity, socket, ZMQ_SNDMORE);
    for (int index = 0; index < count; index++)
        zmq_msg_send(&r->replies[index], socket, index < count - 1 ? ZMQ_SNDMORE : 0);
    for (int index = 0; index < r->part_count; index++) zmq_msg_close(&r->parts[index]);
}

static unsigned char *body(request *r) { return zmq_msg_data(&r->parts[r->part_count - 1]); }

/* Small requests run together, out of one buffer. */
static void run_together(model *m, request **requests, size_t count) {
    size_t rows = 0;
    for (size_t index = 0; index < count; index++) {
        size_t bytes = requests[index]->rows * m->input.row_bytes;
        memcpy(m->input.memory + rows * m->input.row_bytes, body(requests[index]), bytes);
        rows += requests[index]->rows;
    }
    run(m, bound(m, &m->input, rows), rows);
    rows = 0;
    for (size_t index = 0; index < count; index++) {
        answer(m, requests[index], rows, 0, requests[index]->rows);
        rows += requests[index]->rows;
    }
}

/* A large one runs by itself, micro-batch after micro-batch out of the frame it came in. */
static void run_alone(model *m, request *r, size_t most) {
    for (size_t place = 0; place < r->rows; place += most) {
        size_t rows = r->rows - place < most ? r->rows - place : most;
        ort_value *input = value(m, &m->input, body(r) + place * m->input.row_bytes, rows);
        run(m, input, rows);
        ort_release_value(m->api, input);
        answer(m, r, 0, place, rows);
    }
}

_Noreturn void cbench_serve(const char *endpoint, const char *library, const char *path,
                            int most_rows, const cbench_frame *frames, int count) {
    static model m;
    static request places[MOST_REQUESTS + 1];
    request *requests[MOST_REQUESTS + 1];
    for (int index = 0; index <= MOST_REQUESTS; index++) requests[index] = &places[index];
    size_t most = (size_t)most_rows;
    if (most < 1 || most > MOST_ROWS || count < 1) fail("1 to 1024 rows, and frames to answer with");
    open_model(&m, library, path, most);
    void *socket = cbench_router(endpoint);
    if (!socket) fail(zmq_strerror(zmq_errno()));
    size_t held = 0;
    for (;;) {
        /* What waits is taken, up to a micro-batch; what no longer fits begins the next one. */
        while (!held) held = (size_t)take(&m, socket, requests[0], 0, frames, count);
        size_t taken = 1, rows = requests[0]->rows;
        held = 0;
        while (rows < most && taken < MOST_REQUESTS && !held &&
               take(&m, socket, requests[taken], ZMQ_DONTWAIT, frames, count)) {
            held = rows + requests[taken]->rows > most;
            if (!held) rows += requests[taken++]->rows;
        }
        if (rows > most) run_alone(&m, requests[0], most);
        else run_together(&m, requests, taken);
        for (size_t index = 0; index < taken; index++) send(socket, requests[index], count);
        if (held) {
            request *next = requests[taken];
            requests[taken] = requests[0];
            requests[0] = next;
        }
    }
}
