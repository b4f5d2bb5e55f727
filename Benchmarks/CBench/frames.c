#include "frames.h"

#include <stdio.h>
#include <string.h>

enum { LONGEST_ID = 11 };

void *cbench_router(const char *endpoint) {
    void *socket = zmq_socket(zmq_ctx_new(), ZMQ_ROUTER);
    int unlimited = 0;
    zmq_setsockopt(socket, ZMQ_RCVHWM, &unlimited, sizeof unlimited);
    zmq_setsockopt(socket, ZMQ_SNDHWM, &unlimited, sizeof unlimited);
    if (zmq_bind(socket, endpoint) != 0) return NULL;
    char address[256];
    size_t size = sizeof address;
    zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, address, &size);
    printf("%s\n", address);
    fflush(stdout);
    return socket;
}

int cbench_receive(zmq_msg_t *message, void *socket) {
    zmq_msg_init(message);
    while (zmq_msg_recv(message, socket, 0) < 0)
        if (zmq_errno() != EINTR) return -1;
    return 0;
}

int cbench_receive_parts(void *socket, zmq_msg_t parts[MOST_FRAMES]) {
    int count = 0;
    do {
        if (count == MOST_FRAMES || cbench_receive(&parts[count], socket) < 0) return -1;
        count++;
    } while (zmq_msg_more(&parts[count - 1]));
    return count;
}

/* Bytes of the id field that a header begins with. */
static size_t id_bytes(zmq_msg_t *header) {
    const unsigned char *bytes = zmq_msg_data(header);
    size_t count = zmq_msg_size(header), index = 1;
    while (index < count && index < LONGEST_ID && bytes[index] & 0x80) index++;
    return index < count ? index + 1 : count;
}

void cbench_reply_frame(zmq_msg_t *reply, int index, zmq_msg_t *header, cbench_frame frame) {
    size_t id = index == 0 ? id_bytes(header) : 0;
    zmq_msg_init_size(reply, id + frame.count);
    unsigned char *place = zmq_msg_data(reply);
    if (id) memcpy(place, zmq_msg_data(header), id);
    memcpy(place + id, frame.bytes, frame.count);
}
