/* What the benchmark does outside Swift: an echo server, a server of one model and a load generator
 * written directly on libzmq, as a C programmer would, and child processes that end with their
 * parent. */
#ifndef CBENCH_H
#define CBENCH_H

#include <stddef.h>
#include <stdint.h>

/* Keeps freed memory, as vigild does: trimming costs a page fault a page of every large message. */
void cbench_keep_freed_memory(void);

/* One frame. */
typedef struct {
    const void *bytes;
    size_t count;
} cbench_frame;

/* A ROUTER at `endpoint` that answers each request: with `count` frames when there are any, the
 * first one behind the request's id, else with the request's own frames. Prints the address it
 * is bound to, and returns only when something fails, with libzmq's error number. */
int cbench_echo(const char *endpoint, const cbench_frame *frames, int count);

/* What one would write on libzmq and ONNX Runtime with nothing else to care for: a ROUTER that runs
 * the model at `path` (one float32 input, float32 outputs) on its one thread. What waits is run
 * together, up to `most_rows` (at most 1,024) events; a larger request in pieces of so many. Answers
 * as the echo does, with the outputs at the end of the last frame, as many as it has room for. Prints
 * the address it is bound to; ends the process, with a line on standard error, when something fails. */
_Noreturn void cbench_serve(const char *endpoint, const char *library, const char *path,
                            int most_rows, const cbench_frame *frames, int count);

/* DEALER sockets that send one request over and over. */
typedef struct cbench_load cbench_load;

/* What came back. */
typedef struct {
    uint64_t replies;
    /* Replies that did not begin as the expected one does: refusals. */
    uint64_t refusals;
    uint64_t nanoseconds;
    uint64_t reply_bytes;
    /* Header of the first refusal, cut at its size here. */
    unsigned char refusal[512];
    size_t refusal_count;
} cbench_outcome;

/* Connects `clients` sockets; NULL, and libzmq's error number in `code`, when that fails. */
cbench_load *cbench_load_open(const char *endpoint, int clients, int *code);
void cbench_load_close(cbench_load *load);

/* The request: the header's bytes behind its id, the tensor frame or none (`body` with no bytes),
 * and what stands behind the id of a good reply. Body and `good` are lent until the next call. */
void cbench_load_request(cbench_load *load, cbench_frame header, cbench_frame body,
                         cbench_frame good);

/* The frames of one reply, header behind its id first, for an echo of the same frames. Returns how
 * many there are (at most `capacity`; their bytes belong to the load), or -1 for silence. */
int cbench_load_sample(cbench_load *load, cbench_frame *frames, int capacity);

/* Closed loop: every client keeps `window` requests in flight; each in turn takes a reply and sends
 * the next. `warm_up` replies come before the clock starts. `latencies`, if any, takes `replies`
 * nanoseconds. Returns 0, or -1 when nothing came for ten seconds. */
int cbench_load_closed(cbench_load *load, int window, uint64_t replies, uint64_t warm_up,
                       uint64_t *latencies, cbench_outcome *outcome);

/* Open loop of the first client: requests are due at the moments of a Poisson process of
 * `per_second`, whatever comes back, and a latency counts from the moment it was due. */
int cbench_load_poisson(cbench_load *load, double per_second, uint64_t requests, uint64_t seed,
                        uint64_t *latencies, cbench_outcome *outcome);

/* Starts `arguments` (NULL at the end), its standard output to `output` and its standard input
 * from `input`, which closes with this process. It gets SIGTERM when this process dies. Returns
 * the process, or -errno. */
int cbench_spawn(const char *const *arguments, const char *error_path, int *input, int *output);

/* Allows as many open files as the system lets this process and its children have. */
void cbench_raise_file_limit(void);

/* Takes memory, touches it so that it is resident, and forgets it. Returns 0, or -1 for none. */
int cbench_leak(size_t bytes);

/* libzmq's version, as "4.3.5". */
const char *cbench_libzmq_version(void);

/* CPU time of the calling process, nanoseconds. */
uint64_t cbench_cpu_nanoseconds(void);

#endif
