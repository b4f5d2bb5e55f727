#include "page.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(sizeof(struct card_page) <= CARD_PAGE_BYTES, "the page is one page");

static struct card_page *mapped(int file, int flags) {
    void *at = mmap(NULL, CARD_PAGE_BYTES, PROT_READ | PROT_WRITE, flags, file, 0);
    return at == MAP_FAILED ? NULL : at;
}

static struct card_page *shared(const char *path) {
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return NULL;
    struct stat status;
    struct card_page *page = NULL;
    /* A shorter file would give SIGBUS; one that is longer is not a page and stays as it is. */
    if (fstat(file, &status) == 0
        && (status.st_size == CARD_PAGE_BYTES
            || (status.st_size == 0 && ftruncate(file, CARD_PAGE_BYTES) == 0)))
        page = mapped(file, MAP_SHARED);
    else
        errno = EINVAL;
    int reason = errno;
    close(file);
    errno = reason;
    return page;
}

struct card_page *card_page_open(void) {
    const char *path = getenv(CARD_PAGE_VARIABLE);
    struct card_page *page = path ? shared(path) : mapped(-1, MAP_PRIVATE | MAP_ANONYMOUS);
    if (!page) return NULL;
    if (page->magic == 0) {
        page->version = CARD_PAGE_VERSION;
        page->magic = CARD_PAGE_MAGIC;
    }
    if (page->magic == CARD_PAGE_MAGIC && page->version == CARD_PAGE_VERSION) return page;
    card_page_close(page);
    errno = EINVAL;
    return NULL;
}

void card_page_close(struct card_page *page) { munmap(page, CARD_PAGE_BYTES); }

bool card_page_gone(const struct card_page *page) { return page->gone != 0; }

bool card_page_fails(struct card_page *page, enum card_fault fault) {
    if (card_page_gone(page)) return true;
    uint64_t left = page->faults[fault];
    while (left > 0)
        if (atomic_compare_exchange_weak(&page->faults[fault], &left, left - 1)) return true;
    return false;
}
