#define _GNU_SOURCE
#include "cbench.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <zmq.h>

enum {
    MOST_FRAMES = 80,
    /* Send times that are kept: the most requests in flight, a power of two. */
    MOST_IN_FLIGHT = 1 << 20,
    SILENCE_MILLISECONDS = 10000,
    /* Frames from this size on are lent to libzmq instead of copied. */
    LEND_BYTES = 1024,
};

struct cbench_load {
    void *context;
    void **sockets;
    int clients;
    unsigned char *header;
    size_t header_count;
    cbench_frame body;
    cbench_frame good;
    uint64_t next_id;
    uint64_t *sent_at;
    zmq_msg_t sample[MOST_FRAMES];
    int sample_count;
};

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

uint64_t cbench_cpu_nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

cbench_load *cbench_load_open(const char *endpoint, int clients, int *code) {
    cbench_load *load = calloc(1, sizeof *load);
    load->context = zmq_ctx_new();
    zmq_ctx_set(load->context, ZMQ_MAX_SOCKETS, clients + 16);
    load->sockets = calloc((size_t)clients, sizeof *load->sockets);
    load->sent_at = calloc(MOST_IN_FLIGHT, sizeof *load->sent_at);
    int unlimited = 0, silence = SILENCE_MILLISECONDS, linger = 0;
    for (int index = 0; index < clients; index++) {
        void *socket = zmq_socket(load->context, ZMQ_DEALER);
        load->sockets[index] = socket;
        load->clients = index + (socket != NULL);
        if (socket != NULL) {
            zmq_setsockopt(socket, ZMQ_RCVHWM, &unlimited, sizeof unlimited);
            zmq_setsockopt(socket, ZMQ_SNDHWM, &unlimited, sizeof unlimited);
            zmq_setsockopt(socket, ZMQ_RCVTIMEO, &silence, sizeof silence);
            zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
        }
        if (socket == NULL || zmq_connect(socket, endpoint) != 0) {
            *code = zmq_errno();
            cbench_load_close(load);
            return NULL;
        }
    }
    return load;
}

void cbench_load_close(cbench_load *load) {
    for (int index = 0; index < load->sample_count; index++) zmq_msg_close(&load->sample[index]);
    for (int index = 0; index < load->clients; index++) zmq_close(load->sockets[index]);
    while (zmq_ctx_term(load->context) != 0 && zmq_errno() == EINTR) {}
    free(load->sockets);
    free(load->sent_at);
    free(load->header);
    free(load);
}

void cbench_load_request(cbench_load *load, cbench_frame header, cbench_frame body,
                         cbench_frame good) {
    load->header = realloc(load->header, header.count);
    memcpy(load->header, header.bytes, header.count);
    load->header_count = header.count;
    load->body = body;
    load->good = good;
}

static void keep(void *data, void *hint) { (void)data, (void)hint; }

static int send_one(cbench_load *load, void *socket) {
    uint64_t id = load->next_id++, rest = id;
    unsigned char prefix[11];
    size_t count = 0;
    prefix[count++] = 0x08;
    while (rest >= 0x80) {
        prefix[count++] = (unsigned char)(rest | 0x80);
        rest >>= 7;
    }
    prefix[count++] = (unsigned char)rest;
    zmq_msg_t header, body;
    zmq_msg_init_size(&header, count + load->header_count);
    memcpy(zmq_msg_data(&header), prefix, count);
    memcpy((unsigned char *)zmq_msg_data(&header) + count, load->header, load->header_count);
    int more = load->body.count > 0;
    if (zmq_msg_send(&header, socket, more ? ZMQ_SNDMORE : 0) < 0) return -1;
    if (!more) return 0;
    if (load->body.count < LEND_BYTES) {
        zmq_msg_init_size(&body, load->body.count);
        memcpy(zmq_msg_data(&body), load->body.bytes, load->body.count);
    } else {
        zmq_msg_init_data(&body, (void *)load->body.bytes, load->body.count, keep, NULL);
    }
    return zmq_msg_send(&body, socket, 0) < 0 ? -1 : 0;
}

/* Takes one reply; 0 for none (flags say whether to wait), -1 when libzmq fails. */
static int receive_one(cbench_load *load, void *socket, int flags, uint64_t *id,
                       cbench_outcome *outcome) {
    zmq_msg_t part;
    zmq_msg_init(&part);
    while (zmq_msg_recv(&part, socket, flags) < 0) {
        if (zmq_errno() == EINTR) continue;
        zmq_msg_close(&part);
        return zmq_errno() == EAGAIN ? 0 : -1;
    }
    const unsigned char *bytes = zmq_msg_data(&part);
    size_t count = zmq_msg_size(&part), index = 1;
    uint64_t found = 0;
    int shift = 0;
    while (index < count && index < 11) {
        unsigned char byte = bytes[index++];
        found |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
        if (byte < 0x80) break;
    }
    *id = found;
    if (bytes[0] != 0x08 || index + load->good.count > count ||
        memcmp(bytes + index, load->good.bytes, load->good.count) != 0) {
        if (outcome->refusals++ == 0) {
            outcome->refusal_count = count < sizeof outcome->refusal ? count : sizeof outcome->refusal;
            memcpy(outcome->refusal, bytes, outcome->refusal_count);
        }
    }
    outcome->reply_bytes += count;
    int more = zmq_msg_more(&part);
    zmq_msg_close(&part);
    while (more) {
        zmq_msg_init(&part);
        if (zmq_msg_recv(&part, socket, 0) < 0) return -1;
        outcome->reply_bytes += zmq_msg_size(&part);
        more = zmq_msg_more(&part);
        zmq_msg_close(&part);
    }
    return 1;
}

int cbench_load_sample(cbench_load *load, cbench_frame *frames, int capacity) {
    void *socket = load->sockets[0];
    /* A narrow id, so that what stands behind it is the same whatever the id. */
    load->next_id = 1;
    if (send_one(load, socket) < 0) return -1;
    for (int index = 0; index < load->sample_count; index++) zmq_msg_close(&load->sample[index]);
    load->sample_count = 0;
    int more = 1;
    while (more && load->sample_count < MOST_FRAMES && load->sample_count < capacity) {
        zmq_msg_t *part = &load->sample[load->sample_count];
        zmq_msg_init(part);
        if (zmq_msg_recv(part, socket, 0) < 0) return -1;
        more = zmq_msg_more(part);
        size_t skip = load->sample_count == 0 ? 2 : 0;
        frames[load->sample_count].bytes = (unsigned char *)zmq_msg_data(part) + skip;
        frames[load->sample_count].count = zmq_msg_size(part) - skip;
        load->sample_count++;
    }
    return load->sample_count;
}

int cbench_load_closed(cbench_load *load, int window, uint64_t replies, uint64_t warm_up,
                       uint64_t *latencies, cbench_outcome *outcome) {
    uint64_t total = replies + warm_up, sent = 0, got = 0, start = now();
    memset(outcome, 0, sizeof *outcome);
    load->next_id = 0;
    for (int round = 0; round < window; round++) {
        for (int client = 0; client < load->clients && sent < total; client++, sent++) {
            load->sent_at[load->next_id % MOST_IN_FLIGHT] = latencies ? now() : 0;
            if (send_one(load, load->sockets[client]) < 0) return -1;
        }
    }
    for (int client = 0; got < total; client = client + 1 < load->clients ? client + 1 : 0) {
        uint64_t id;
        if (receive_one(load, load->sockets[client], 0, &id, outcome) <= 0) return -1;
        if (latencies && got >= warm_up)
            latencies[got - warm_up] = now() - load->sent_at[id % MOST_IN_FLIGHT];
        if (++got == warm_up) {
            outcome->reply_bytes = 0;
            start = now();
        }
        if (sent < total) {
            load->sent_at[load->next_id % MOST_IN_FLIGHT] = latencies ? now() : 0;
            if (send_one(load, load->sockets[client]) < 0) return -1;
            sent++;
        }
    }
    outcome->nanoseconds = now() - start;
    outcome->replies = replies;
    return 0;
}

/* SplitMix64 (Steele, Lea, Flood 2014). */
static double uniform(uint64_t *state) {
    uint64_t word = *state += 0x9e3779b97f4a7c15u;
    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9u;
    word = (word ^ (word >> 27)) * 0x94d049bb133111ebu;
    return ((double)((word ^ (word >> 31)) >> 11) + 0.5) * 0x1p-53;
}

int cbench_load_poisson(cbench_load *load, double per_second, uint64_t requests, uint64_t seed,
                        uint64_t *latencies, cbench_outcome *outcome) {
    memset(outcome, 0, sizeof *outcome);
    /* Sleeps end when the next request is due, not 50 us later; a loop that spun until then would
       take one of few cores from what it measures. */
    if (prctl(PR_SET_TIMERSLACK, 1ul) != 0) return -1;
    void *socket = load->sockets[0];
    int descriptor;
    size_t size = sizeof descriptor;
    if (zmq_getsockopt(socket, ZMQ_FD, &descriptor, &size) != 0) return -1;
    load->next_id = 0;
    uint64_t start = now(), sent = 0, got = 0, last = start;
    double due = (double)start;
    due -= log(uniform(&seed)) / per_second * 1e9;
    while (got < requests) {
        uint64_t time = now(), id;
        int moved = 0;
        while (sent < requests && (double)time >= due && sent - got < MOST_IN_FLIGHT) {
            load->sent_at[load->next_id % MOST_IN_FLIGHT] = (uint64_t)due;
            if (send_one(load, socket) < 0) return -1;
            sent++;
            moved = 1;
            due -= log(uniform(&seed)) / per_second * 1e9;
        }
        for (;;) {
            int found = receive_one(load, socket, ZMQ_DONTWAIT, &id, outcome);
            if (found < 0) return -1;
            if (found == 0) break;
            latencies[got++] = now() - load->sent_at[id % MOST_IN_FLIGHT];
            moved = 1;
            /* Requests that have come due meanwhile are not kept waiting by a burst of replies. */
            if (sent < requests && (double)now() >= due) break;
        }
        if (moved) {
            last = time;
            continue;
        }
        if (time - last > SILENCE_MILLISECONDS * 1000000ull) return -1;
        double left = sent < requests ? due - (double)time : 1e8;
        if (left > 0) {
            struct pollfd ready = {descriptor, POLLIN, 0};
            uint64_t sleep = (uint64_t)left;
            struct timespec limit = {(time_t)(sleep / 1000000000u), (long)(sleep % 1000000000u)};
            ppoll(&ready, 1, &limit, NULL);
        }
    }
    outcome->nanoseconds = now() - start;
    outcome->replies = requests;
    return 0;
}
