#include "frames.h"

#include <errno.h>
#include <malloc.h>

void cbench_keep_freed_memory(void) {
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    mallopt(M_TOP_PAD, 64 << 20);
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
}

int cbench_echo(const char *endpoint, const cbench_frame *frames, int count) {
    void *socket = cbench_router(endpoint);
    if (!socket) return zmq_errno();
    zmq_msg_t identity, parts[MOST_FRAMES];
    for (;;) {
        if (cbench_receive(&identity, socket) < 0) return zmq_errno();
        int received = cbench_receive_parts(socket, parts);
        if (received < 0) return EPROTO;
        zmq_msg_send(&identity, socket, ZMQ_SNDMORE);
        if (count == 0) {
            for (int index = 0; index < received; index++)
                zmq_msg_send(&parts[index], socket, index < received - 1 ? ZMQ_SNDMORE : 0);
            continue;
        }
        for (int index = 0; index < count; index++) {
            zmq_msg_t reply;
            cbench_reply_frame(&reply, index, &parts[0], frames[index]);
            zmq_msg_send(&reply, socket, index < count - 1 ? ZMQ_SNDMORE : 0);
        }
        for (int index = 0; index < received; index++) zmq_msg_close(&parts[index]);
    }
}
