#ifndef VIGIL_EMULATED_CARD_H
#define VIGIL_EMULATED_CARD_H

#include "compute_unit.h"
#include "page.h"
#include "registration.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An emulated card: what libxrt_emulated.so keeps behind a handle of XRT's shim layer.
 *
 * XRT's core library calls from any thread. `lock` guards buffers, contexts and the queue; the
 * scheduler's thread alone runs the kernel. A buffer that a run uses is pinned: freed, it goes
 * when the run has ended. */

#define CARD_COUNT 8
#define CARD_BUFFERS 1024
#define CARD_FIRST_ADDRESS 0x4000000000ull
/* Memory of the card's bank, as the xclbin writer says it. */
#define CARD_MEMORY_BYTES (16ull << 30)

struct card_buffer {
    bool open;
    bool freed;      /* to go when it is unpinned */
    bool owned;      /* `host` is ours */
    unsigned pins;
    unsigned flags;
    size_t bytes;
    uint64_t address;
    char *host;
    char *device;    /* the copy on the card; `host` itself for commands */
};

struct card {
    unsigned openers;
    struct card_page *page;
    pthread_mutex_t lock;
    void *core;      /* see registration.h */

    struct card_buffer buffers[CARD_BUFFERS];
    uint64_t next_address;
    uint64_t used_bytes;

    struct compute_unit *unit;
    unsigned char image[16]; /* the loaded xclbin's UUID */
    unsigned contexts, kernel_contexts;
    bool exclusive;          /* the kernel's one context is */

    pthread_t scheduler;
    pthread_cond_t work, progress;
    bool closing;
    bool progressed; /* a command ended since the last wait */
    unsigned queue[CARD_BUFFERS];
    unsigned queue_first, queue_count;
};

/* buffers.c. Handles count from 1; functions return them or a negative errno. */
int card_buffer_open(struct card *card, void *host, size_t bytes, unsigned flags);
void card_buffer_close(struct card *card, unsigned handle);
/* NULL when there is none. The lock must be held. */
struct card_buffer *card_buffer_find(struct card *card, unsigned handle);
struct card_buffer *card_buffer_at(struct card *card, uint64_t address);
void card_buffer_unpin(struct card *card, struct card_buffer *buffer);
void card_buffers_close(struct card *card);

/* scheduler.c */
int card_scheduler_open(struct card *card); /* makes the lock too */
/* Ends what runs or waits, as aborted; then the lock is no more. */
void card_scheduler_close(struct card *card);
int card_submit(struct card *card, unsigned handle);
/* 1 when a command ended since the last call, 0 when none did in time; -1 ms: for ever. */
int card_wait(struct card *card, int milliseconds);

#endif
