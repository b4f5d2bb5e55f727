#ifndef VIGIL_CLINUX_H
#define VIGIL_CLINUX_H

#include <stddef.h>
#include <stdint.h>

/* What the Glibc module hides. Only own functions are declared: system headers
 * included here with _GNU_SOURCE would clash with SwiftGlibc's own view. */

/* An event counter, non-blocking and close-on-exec; -1 and errno on failure. */
int clinux_eventfd(void);

/* Adds one to the counter. EAGAIN (a full counter) still wakes, so it is success. */
void clinux_eventfd_signal(int fd);

/* Takes the counter to zero. */
void clinux_eventfd_clear(int fd);

/* Waits until one of two descriptors is readable; -1 stands for none. A negative
 * timeout waits for ever. Returns bit 0 for `first`, bit 1 for `second`. */
int clinux_wait(int first, int second, int64_t timeout_nanoseconds);

/* Monotonic clock in nanoseconds. */
uint64_t clinux_monotonic(void);

/* Time that the calling thread has run, nanoseconds. */
uint64_t clinux_thread_time(void);

/* Asks for the cache line at an address, of which only the place matters. */
static inline void clinux_prefetch(const void *place) { __builtin_prefetch(place); }

/* Ends the calling thread's waits a microsecond after their time at most, where Linux allows
   itself fifty; 0 or an error number. */
int clinux_wait_punctually(void);

/* Names the calling thread; at most 15 bytes are kept. */
void clinux_name_thread(const char *name);

/* Lets the calling thread, and those that it starts, run only when nothing else wants to. Returns 0
 * or an errno. */
int clinux_give_way(void);

/* Lets others have most of a processor that the calling thread wants too (nice 10). Returns 0 or an
 * errno. */
int clinux_be_nice(void);

/* Sends one datagram to a Unix socket: a path, or an abstract name that starts with '@'.
 * Returns 0 or an errno. */
int clinux_send_datagram(const char *path, const char *text, size_t count);

/* Whether somebody accepts connections at a Unix stream socket's path. */
int clinux_is_listening(const char *path);

/* Makes an inherited listening stream socket close-on-exec and writes the endpoint that it
 * listens on, as ZeroMQ spells it. Returns 0 or an errno: ENOTCONN when it does not listen,
 * EAFNOSUPPORT for a family other than IPv4, IPv6 and Unix. */
int clinux_adopt_listener(int descriptor, char *endpoint, size_t capacity);

#endif
