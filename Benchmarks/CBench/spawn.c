#define _GNU_SOURCE
#include "cbench.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <unistd.h>

int cbench_spawn(const char *const *arguments, const char *error_path, int *input, int *output) {
    int to_child[2], from_child[2];
    if (pipe2(to_child, O_CLOEXEC) != 0) return -errno;
    if (pipe2(from_child, O_CLOEXEC) != 0) {
        int code = errno;
        close(to_child[0]);
        close(to_child[1]);
        return -code;
    }
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        dup2(to_child[0], 0);
        dup2(from_child[1], 1);
        int log = open(error_path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
        if (log >= 0) dup2(log, 2);
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        /* The parent may have died before it was asked for. */
        if (getppid() != parent) _exit(127);
        execvp(arguments[0], (char *const *)arguments);
        dprintf(2, "%s: %s\n", arguments[0], strerror(errno));
        _exit(127);
    }
    int code = errno;
    close(to_child[0]);
    close(from_child[1]);
    if (child < 0) {
        close(to_child[1]);
        close(from_child[0]);
        return -code;
    }
    *input = to_child[1];
    *output = from_child[0];
    return child;
}
