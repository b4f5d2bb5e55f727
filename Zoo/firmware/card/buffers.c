#define _GNU_SOURCE
#include "card.h"

#include <errno.h>
#include <sys/mman.h>
#include <xrt_mem.h>

/* Addresses and mappings of buffers begin at a page. */
static const size_t PAGE = 4096;

static size_t pages(size_t bytes) { return (bytes + PAGE - 1) & ~(PAGE - 1); }

static char *memory(size_t bytes) {
    void *at = mmap(NULL, pages(bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return at == MAP_FAILED ? NULL : at;
}

/* Bytes of an unused buffer, or nothing. */
static bool fill(struct card_buffer *buffer, void *host, size_t bytes, unsigned flags) {
    *buffer = (struct card_buffer){.owned = !host, .bytes = bytes, .flags = flags};
    buffer->host = host ? host : memory(bytes);
    buffer->device = flags & XCL_BO_FLAGS_EXECBUF ? buffer->host : memory(bytes);
    if (buffer->host && buffer->device) return true;
    if (buffer->owned && buffer->host) munmap(buffer->host, pages(bytes));
    if (buffer->device && buffer->device != buffer->host) munmap(buffer->device, pages(bytes));
    return false;
}

static void release(struct card *card, struct card_buffer *buffer) {
    if (buffer->device != buffer->host) munmap(buffer->device, pages(buffer->bytes));
    if (buffer->owned) munmap(buffer->host, pages(buffer->bytes));
    card->used_bytes -= pages(buffer->bytes);
    card->page->buffers--;
    *buffer = (struct card_buffer){0};
}

int card_buffer_open(struct card *card, void *host, size_t bytes, unsigned flags) {
    int result = -ENOMEM;
    if (bytes == 0) return -EINVAL;
    pthread_mutex_lock(&card->lock);
    unsigned index = 0;
    while (index < CARD_BUFFERS && card->buffers[index].open) index++;
    if (index < CARD_BUFFERS && pages(bytes) <= CARD_MEMORY_BYTES - card->used_bytes
        && fill(&card->buffers[index], host, bytes, flags)) {
        struct card_buffer *buffer = &card->buffers[index];
        buffer->open = true;
        buffer->address = card->next_address;
        card->next_address += pages(bytes);
        card->used_bytes += pages(bytes);
        card->page->buffers++;
        result = (int)index + 1;
    }
    pthread_mutex_unlock(&card->lock);
    return result;
}

struct card_buffer *card_buffer_find(struct card *card, unsigned handle) {
    if (handle == 0 || handle > CARD_BUFFERS) return NULL;
    struct card_buffer *buffer = &card->buffers[handle - 1];
    return buffer->open && !buffer->freed ? buffer : NULL;
}

struct card_buffer *card_buffer_at(struct card *card, uint64_t address) {
    for (unsigned i = 0; i < CARD_BUFFERS; i++) {
        struct card_buffer *buffer = &card->buffers[i];
        if (buffer->open && !buffer->freed && address >= buffer->address
            && address - buffer->address < buffer->bytes)
            return buffer;
    }
    return NULL;
}

void card_buffer_unpin(struct card *card, struct card_buffer *buffer) {
    buffer->pins--;
    if (buffer->freed && buffer->pins == 0) release(card, buffer);
}

void card_buffer_close(struct card *card, unsigned handle) {
    pthread_mutex_lock(&card->lock);
    struct card_buffer *buffer = card_buffer_find(card, handle);
    if (buffer && buffer->pins > 0)
        buffer->freed = true;
    else if (buffer)
        release(card, buffer);
    pthread_mutex_unlock(&card->lock);
}

void card_buffers_close(struct card *card) {
    for (unsigned i = 0; i < CARD_BUFFERS; i++)
        if (card->buffers[i].open) release(card, &card->buffers[i]);
}
