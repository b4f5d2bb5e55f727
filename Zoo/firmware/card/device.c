#include "card.h"
#include "shim.h"

#include <errno.h>
#include <string.h>
#include <xclbin.h>

/* Cards, what is loaded on them, and who has the kernel. */

/* The index of the one kernel. XRT opens a context of the card itself, too, with another index. */
enum { KERNEL = 0 };

/* The cards of this machine. A card opened again while it is open is the same card. Its core object
 * is made once: XRT keeps a thread for each one that ever was. */
static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;
static struct card cards[CARD_COUNT];

unsigned xclProbe(void) { return CARD_COUNT; }

static void unload(struct card *card) {
    if (!card->unit) return;
    compute_unit_close(card->unit);
    card->unit = NULL;
    card->page->kernels--;
}

/* Nothing is loaded or allocated on a card that is opened. */
static void clear(struct card *card) {
    void *core = card->core;
    memset(card, 0, sizeof *card);
    card->core = core;
    card->next_address = CARD_FIRST_ADDRESS;
}

static int open_first(struct card *card, unsigned index) {
    clear(card);
    if (!(card->page = card_page_open())) return -errno;
    int result = card_page_fails(card->page, FAULT_OPEN) ? -ENODEV : card_scheduler_open(card);
    if (result == 0 && !card->core && !(card->core = card_core_attach(card, index))) {
        result = -errno;
        card_scheduler_close(card);
    }
    if (result == 0)
        card->page->cards++;
    else
        card_page_close(card->page);
    return result;
}

static void close_last(struct card *card) {
    card_scheduler_close(card);
    unload(card);
    card_buffers_close(card);
    card->page->cards--;
    card_page_close(card->page);
}

xclDeviceHandle xclOpen(unsigned index, const char *unused, enum xclVerbosityLevel level) {
    (void)unused;
    (void)level;
    if (index >= CARD_COUNT) {
        errno = ENODEV;
        return NULL;
    }
    struct card *card = &cards[index];
    pthread_mutex_lock(&opening);
    int result = card->openers > 0 ? 0 : open_first(card, index);
    if (result == 0) card->openers++;
    pthread_mutex_unlock(&opening);
    errno = -result;
    return result == 0 ? card : NULL;
}

void xclClose(xclDeviceHandle handle) {
    struct card *card = handle;
    pthread_mutex_lock(&opening);
    if (--card->openers == 0) close_last(card);
    pthread_mutex_unlock(&opening);
}

static const struct axlf_section_header *bitstream(const struct axlf *image) {
    for (uint32_t i = 0; i < image->m_header.m_numSections; i++) {
        const struct axlf_section_header *section = &image->m_sections[i];
        if (section->m_sectionKind == BITSTREAM) return section;
    }
    return NULL;
}

static int load(struct card *card, const struct axlf *image) {
    const struct axlf_section_header *section = bitstream(image);
    if (!section || section->m_sectionOffset > image->m_header.m_length
        || section->m_sectionSize > image->m_header.m_length - section->m_sectionOffset)
        return -EINVAL;
    struct compute_unit *unit = NULL;
    int result = compute_unit_open((const char *)image + section->m_sectionOffset,
                                   section->m_sectionSize, &unit);
    if (result != 0) return result;
    const struct card_page *page = card->page;
    if (page->latency_clocks || page->stall_percent || page->seed)
        compute_unit_set_memory(unit, (struct kernel_memory){(uint32_t)page->latency_clocks,
                                                             (uint32_t)page->stall_percent,
                                                             page->seed});
    unload(card);
    card->unit = unit;
    card->page->kernels++;
    memcpy(card->image, image->m_header.uuid, sizeof card->image);
    return 0;
}

int xclLoadXclBin(xclDeviceHandle handle, const struct axlf *image) {
    struct card *card = handle;
    if (card_page_fails(card->page, FAULT_LOAD)) return -EIO;
    pthread_mutex_lock(&card->lock);
    int result = 0;
    /* As a real card: what is loaded already is not loaded again. */
    if (card->contexts > 0 && memcmp(card->image, image->m_header.uuid, sizeof card->image))
        result = -EBUSY;
    else if (card->contexts == 0)
        result = load(card, image);
    pthread_mutex_unlock(&card->lock);
    return result == 0 ? card_core_register(handle, image) : result;
}

int xclOpenContext(xclDeviceHandle handle, const xuid_t image, unsigned unit, bool shared) {
    struct card *card = handle;
    if (card_page_fails(card->page, FAULT_CONTEXT)) return -EIO;
    int result = 0;
    pthread_mutex_lock(&card->lock);
    if (!card->unit || memcmp(image, card->image, sizeof card->image))
        result = -EINVAL;
    else if (unit == KERNEL && (card->exclusive || (!shared && card->kernel_contexts > 0)))
        result = -EBUSY;
    if (result == 0) {
        card->contexts++;
        if (unit == KERNEL) {
            card->kernel_contexts++;
            card->exclusive = !shared;
        }
    }
    pthread_mutex_unlock(&card->lock);
    return result;
}

int xclCloseContext(xclDeviceHandle handle, const xuid_t image, unsigned unit) {
    struct card *card = handle;
    (void)image;
    int result = -EINVAL;
    pthread_mutex_lock(&card->lock);
    if (card->contexts > 0) {
        card->contexts--;
        result = 0;
        if (unit == KERNEL) {
            card->kernel_contexts--;
            card->exclusive = false;
        }
    }
    pthread_mutex_unlock(&card->lock);
    return result;
}

int xclGetDeviceInfo2(xclDeviceHandle handle, struct xclDeviceInfo2 *out) {
    struct card *card = handle;
    if (card_page_gone(card->page)) return -ENODEV;
    memset(out, 0, sizeof *out);
    strcpy(out->mName, "vigil_emulated");
    out->mDDRSize = CARD_MEMORY_BYTES;
    out->mDDRBankCount = 1;
    return 0;
}
