/* Messages as a ROUTER takes and answers them, for the servers here. */
#ifndef CBENCH_FRAMES_H
#define CBENCH_FRAMES_H

#include "cbench.h"

#include <zmq.h>

enum { MOST_FRAMES = 80 };

/* A ROUTER bound to `endpoint`, its address printed as a line; NULL when that fails. */
void *cbench_router(const char *endpoint);

/* One frame, waited for through signals; -1 when libzmq fails. */
int cbench_receive(zmq_msg_t *message, void *socket);

/* The frames behind an identity; returns how many, or -1 for more than MOST_FRAMES. */
int cbench_receive_parts(void *socket, zmq_msg_t parts[MOST_FRAMES]);

/* Frame `index` of a reply: `frame`, the first one behind the id of the request's `header`. */
void cbench_reply_frame(zmq_msg_t *reply, int index, zmq_msg_t *header, cbench_frame frame);

#endif
