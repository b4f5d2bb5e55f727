#include "cbench.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

enum { MOST_FRAMES = 80, LONGEST_ID = 11 };

void cbench_keep_freed_memory(void) {
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    mallopt(M_TOP_PAD, 64 << 20);
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
}

static int receive(zmq_msg_t *message, void *socket) {
    zmq_msg_init(message);
    while (zmq_msg_recv(message, socket, 0) < 0)
        if (zmq_errno() != EINTR) return -1;
    return 0;
}

/* Bytes of the id field that a header begins with. */
static size_t id_bytes(zmq_msg_t *header) {
    const unsigned char *bytes = zmq_msg_data(header);
    size_t count = zmq_msg_size(header), index = 1;
    while (index < count && index < LONGEST_ID && bytes[index] & 0x80) index++;
    return index < count ? index + 1 : count;
}

int cbench_echo(const char *endpoint, const cbench_frame *frames, int count) {
    void *context = zmq_ctx_new();
    void *socket = zmq_socket(context, ZMQ_ROUTER);
    int unlimited = 0;
    zmq_setsockopt(socket, ZMQ_RCVHWM, &unlimited, sizeof unlimited);
    zmq_setsockopt(socket, ZMQ_SNDHWM, &unlimited, sizeof unlimited);
    if (zmq_bind(socket, endpoint) != 0) return zmq_errno();
    char address[256];
    size_t size = sizeof address;
    zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, address, &size);
    printf("%s\n", address);
    fflush(stdout);
    zmq_msg_t identity, parts[MOST_FRAMES];
    for (;;) {
        if (receive(&identity, socket) < 0) return zmq_errno();
        int received = 0;
        do {
            if (received == MOST_FRAMES || receive(&parts[received], socket) < 0) return EPROTO;
            received++;
        } while (zmq_msg_more(&parts[received - 1]));
        zmq_msg_send(&identity, socket, ZMQ_SNDMORE);
        if (count == 0) {
            for (int index = 0; index < received; index++)
                zmq_msg_send(&parts[index], socket, index < received - 1 ? ZMQ_SNDMORE : 0);
            continue;
        }
        for (int index = 0; index < count; index++) {
            zmq_msg_t reply;
            size_t id = index == 0 ? id_bytes(&parts[0]) : 0;
            zmq_msg_init_size(&reply, id + frames[index].count);
            unsigned char *place = zmq_msg_data(&reply);
            if (id) memcpy(place, zmq_msg_data(&parts[0]), id);
            memcpy(place + id, frames[index].bytes, frames[index].count);
            zmq_msg_send(&reply, socket, index < count - 1 ? ZMQ_SNDMORE : 0);
        }
        for (int index = 0; index < received; index++) zmq_msg_close(&parts[index]);
    }
}
