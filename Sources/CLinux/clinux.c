#define _GNU_SOURCE
#include "clinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

int clinux_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

void clinux_eventfd_signal(int fd) {
    uint64_t one = 1;
    while (write(fd, &one, sizeof one) < 0 && errno == EINTR) {}
}

void clinux_eventfd_clear(int fd) {
    uint64_t count;
    while (read(fd, &count, sizeof count) < 0 && errno == EINTR) {}
}

int clinux_wait(int first, int second, int64_t timeout_nanoseconds) {
    struct pollfd descriptors[2] = {{first, POLLIN, 0}, {second, POLLIN, 0}};
    struct timespec limit = {timeout_nanoseconds / 1000000000, timeout_nanoseconds % 1000000000};
    ppoll(descriptors, 2, timeout_nanoseconds < 0 ? NULL : &limit, NULL);
    return (descriptors[0].revents ? 1 : 0) | (descriptors[1].revents ? 2 : 0);
}

uint64_t clinux_monotonic(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t clinux_thread_time(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int clinux_wait_punctually(void) { return prctl(PR_SET_TIMERSLACK, 1000ul) == 0 ? 0 : errno; }

void clinux_name_thread(const char *name) {
    char kept[16];
    strncpy(kept, name, sizeof kept - 1);
    kept[sizeof kept - 1] = 0;
    pthread_setname_np(pthread_self(), kept);
}

int clinux_give_way(void) {
    struct sched_param none = {0};
    return sched_setscheduler(0, SCHED_IDLE, &none) == 0 ? 0 : errno;
}

int clinux_be_nice(void) { return setpriority(PRIO_PROCESS, 0, 10) == 0 ? 0 : errno; }

/* Fills the address of a path, or of an abstract name that starts with '@', which stands for a
 * zero byte; returns its size, or 0 for a path that does not fit. */
static socklen_t unix_address(const char *path, struct sockaddr_un *address) {
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof address->sun_path) return 0;
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, path, length);
    if (path[0] == '@') address->sun_path[0] = 0;
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

int clinux_send_datagram(const char *path, const char *text, size_t count) {
    struct sockaddr_un address;
    socklen_t size = unix_address(path, &address);
    if (size == 0) return ENAMETOOLONG;
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return errno;
    ssize_t sent = sendto(descriptor, text, count, MSG_NOSIGNAL, (struct sockaddr *)&address, size);
    int code = sent < 0 ? errno : 0;
    close(descriptor);
    return code;
}

int clinux_is_listening(const char *path) {
    struct sockaddr_un address;
    socklen_t size = unix_address(path, &address);
    if (size == 0) return 0;
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return 0;
    int code = connect(descriptor, (struct sockaddr *)&address, size);
    /* EAGAIN: somebody listens, and its queue is full. */
    int listening = code == 0 || errno == EAGAIN;
    close(descriptor);
    return listening;
}

int clinux_adopt_listener(int descriptor, char *endpoint, size_t capacity) {
    int flags = fcntl(descriptor, F_GETFD);
    if (flags < 0 || fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC) < 0) return errno;
    int listening = 0;
    socklen_t size = sizeof listening;
    if (getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) < 0) return errno;
    if (!listening) return ENOTCONN;
    struct sockaddr_storage address;
    size = sizeof address;
    if (getsockname(descriptor, (struct sockaddr *)&address, &size) < 0) return errno;
    char host[INET6_ADDRSTRLEN];
    if (address.ss_family == AF_INET) {
        struct sockaddr_in *found = (struct sockaddr_in *)&address;
        inet_ntop(AF_INET, &found->sin_addr, host, sizeof host);
        snprintf(endpoint, capacity, "tcp://%s:%d", host, ntohs(found->sin_port));
    } else if (address.ss_family == AF_INET6) {
        struct sockaddr_in6 *found = (struct sockaddr_in6 *)&address;
        inet_ntop(AF_INET6, &found->sin6_addr, host, sizeof host);
        snprintf(endpoint, capacity, "tcp://[%s]:%d", host, ntohs(found->sin6_port));
    } else if (address.ss_family == AF_UNIX) {
        struct sockaddr_un *found = (struct sockaddr_un *)&address;
        int length = (int)(size - offsetof(struct sockaddr_un, sun_path));
        snprintf(endpoint, capacity, "ipc://%.*s", length, found->sun_path);
    } else {
        return EAFNOSUPPORT;
    }
    return 0;
}
