#define _GNU_SOURCE
#include "card.h"
#include "shim.h"

#include <errno.h>
#include <string.h>

/* What XRT asks of a card's buffers, runs and registers. */

static unsigned failed(int reason) {
    errno = reason;
    return (unsigned)-1; /* NULLBO */
}

static unsigned allocated(struct card *card, void *host, size_t bytes, unsigned flags) {
    if (card_page_fails(card->page, FAULT_ALLOCATE)) return failed(ENOMEM);
    int handle = card_buffer_open(card, host, bytes, flags);
    return handle > 0 ? (unsigned)handle : failed(-handle);
}

xclBufferHandle xclAllocBO(xclDeviceHandle handle, size_t bytes, int unused, unsigned flags) {
    (void)unused;
    return allocated(handle, NULL, bytes, flags);
}

xclBufferHandle xclAllocUserPtrBO(xclDeviceHandle handle, void *host, size_t bytes,
                                  unsigned flags) {
    return allocated(handle, host, bytes, flags);
}

void xclFreeBO(xclDeviceHandle handle, xclBufferHandle buffer) {
    card_buffer_close(handle, buffer);
}

void *xclMapBO(xclDeviceHandle handle, xclBufferHandle buffer, bool write) {
    struct card *card = handle;
    (void)write;
    if (card_page_fails(card->page, FAULT_MAP)) {
        errno = ENOMEM;
        return NULL;
    }
    pthread_mutex_lock(&card->lock);
    struct card_buffer *found = card_buffer_find(card, buffer);
    void *host = found ? found->host : NULL;
    pthread_mutex_unlock(&card->lock);
    if (!host) errno = EINVAL;
    return host;
}

int xclUnmapBO(xclDeviceHandle handle, xclBufferHandle buffer, void *at) {
    (void)handle;
    (void)buffer;
    (void)at;
    return 0;
}

/* A pinned buffer that holds these bytes. */
static struct card_buffer *pinned(struct card *card, unsigned handle, size_t bytes, size_t offset) {
    pthread_mutex_lock(&card->lock);
    struct card_buffer *found = card_buffer_find(card, handle);
    if (found && (offset > found->bytes || bytes > found->bytes - offset)) found = NULL;
    if (found) found->pins++;
    pthread_mutex_unlock(&card->lock);
    return found;
}

static void unpinned(struct card *card, struct card_buffer *buffer) {
    pthread_mutex_lock(&card->lock);
    card_buffer_unpin(card, buffer);
    pthread_mutex_unlock(&card->lock);
}

int xclSyncBO(xclDeviceHandle handle, xclBufferHandle buffer, enum xclBOSyncDirection direction,
              size_t bytes, size_t offset) {
    struct card *card = handle;
    bool out = direction == XCL_BO_SYNC_BO_TO_DEVICE;
    if (card_page_fails(card->page, out ? FAULT_SYNC_TO : FAULT_SYNC_FROM)) return -EIO;
    struct card_buffer *found = pinned(card, buffer, bytes, offset);
    if (!found) return -EINVAL;
    char *host = found->host + offset, *device = found->device + offset;
    if (host != device) memcpy(out ? device : host, out ? host : device, bytes);
    unpinned(card, found);
    return 0;
}

int xclCopyBO(xclDeviceHandle handle, xclBufferHandle to, xclBufferHandle from, size_t bytes,
              size_t to_offset, size_t from_offset) {
    struct card *card = handle;
    if (card_page_gone(card->page)) return -ENODEV;
    struct card_buffer *target = pinned(card, to, bytes, to_offset);
    struct card_buffer *source = pinned(card, from, bytes, from_offset);
    bool can = target && source;
    if (can) memmove(target->device + to_offset, source->device + from_offset, bytes);
    if (target) unpinned(card, target);
    if (source) unpinned(card, source);
    return can ? 0 : -EINVAL;
}

int xclGetBOProperties(xclDeviceHandle handle, xclBufferHandle buffer,
                       struct xclBOProperties *out) {
    struct card *card = handle;
    if (card_page_gone(card->page)) return -ENODEV;
    pthread_mutex_lock(&card->lock);
    struct card_buffer *found = card_buffer_find(card, buffer);
    if (found)
        *out = (struct xclBOProperties){
            .handle = buffer, .flags = found->flags, .size = found->bytes, .paddr = found->address};
    pthread_mutex_unlock(&card->lock);
    return found ? 0 : -EINVAL;
}

int xclExecBuf(xclDeviceHandle handle, xclBufferHandle buffer) {
    struct card *card = handle;
    if (card_page_fails(card->page, FAULT_START)) return -EIO;
    return card_submit(card, buffer);
}

int xclExecWait(xclDeviceHandle handle, int milliseconds) {
    return card_wait(handle, milliseconds);
}

/* A pointer to the unit that no load replaces: a context is open. */
static struct compute_unit *unit(struct card *card) {
    pthread_mutex_lock(&card->lock);
    struct compute_unit *found = card->contexts > 0 ? card->unit : NULL;
    pthread_mutex_unlock(&card->lock);
    return found;
}

int xclRegRead(xclDeviceHandle handle, uint32_t index, uint32_t offset, uint32_t *value) {
    struct card *card = handle;
    struct compute_unit *found = unit(card);
    if (card_page_fails(card->page, FAULT_REGISTER)) return -EIO;
    if (!found || index != 0) return -EINVAL;
    *value = compute_unit_read(found, offset);
    return 0;
}

int xclRegWrite(xclDeviceHandle handle, uint32_t index, uint32_t offset, uint32_t value) {
    struct card *card = handle;
    struct compute_unit *found = unit(card);
    if (card_page_fails(card->page, FAULT_REGISTER)) return -EIO;
    if (!found || index != 0) return -EINVAL;
    compute_unit_write(found, offset, value);
    return 0;
}
