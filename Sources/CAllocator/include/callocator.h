#ifndef CALLOCATOR_H
#define CALLOCATOR_H

/* jemalloc as the allocator of the whole process: what is linked with this target gets it.
 *
 * libzmq allocates a message on one thread and frees it on another, for which glibc takes a lock
 * that both want. Freed memory is kept until it is given back here: else large messages would cost
 * a page fault a page. */

/* Gives freed memory back to the system. Takes milliseconds, in which other threads may wait for
 * memory. Returns 0 or an error number. */
int callocator_give_back(void);

#endif
