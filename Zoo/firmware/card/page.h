#ifndef VIGIL_CARD_PAGE_H
#define VIGIL_CARD_PAGE_H

#include <stdbool.h>
#include <stdint.h>

/* The control page: a file that tests and emulated cards share, named by VIGIL_EMULATED_CARD.
 * page.py knows the same layout. Words of 64 bits; all cards of a machine that name the file share
 * it. Without the variable a card has a page of its own that nobody sees. */

#define CARD_PAGE_VARIABLE "VIGIL_EMULATED_CARD"
#define CARD_PAGE_BYTES 4096
#define CARD_PAGE_MAGIC 0x4452434C49474956ull /* "VIGILCRD" */
#define CARD_PAGE_VERSION 1ull

/* Each fails that many of the calls to come. */
enum card_fault {
    FAULT_OPEN,           /* the card does not open */
    FAULT_LOAD,           /* the xclbin does not load */
    FAULT_CONTEXT,        /* the kernel cannot be had */
    FAULT_ALLOCATE,       /* no buffer */
    FAULT_MAP,            /* a buffer cannot be mapped */
    FAULT_SYNC_TO,        /* bytes do not get to the card */
    FAULT_SYNC_FROM,      /* or back */
    FAULT_START,          /* a run is not accepted */
    FAULT_WAIT,           /* a run is aborted, as by a reset of the card */
    FAULT_HANG,           /* a run never ends, nor those behind it, until the card is closed */
    FAULT_STATE,          /* a run ends in the state of an error */
    FAULT_BITS,           /* the lowest bit of a run's first word is wrong */
    FAULT_BUS,            /* the kernel's first read of a run finds no memory */
    FAULT_REGISTER,       /* a register cannot be read or written */
    FAULT_COUNT
};

struct card_page {
    _Atomic uint64_t magic, version;
    /* What was done since the page was made. */
    _Atomic uint64_t runs;
    _Atomic uint64_t clocks;             /* of the kernel, from start to done */
    _Atomic uint64_t kernel_nanoseconds; /* of wall time, inside the simulated kernel */
    /* What is open now. */
    _Atomic uint64_t cards, buffers, pending_runs, kernels;
    /* Not zero: the card is gone, every call fails. */
    _Atomic uint64_t gone;
    /* The memory of the kernels opened from now on; all zero: the ordinary one. */
    _Atomic uint64_t latency_clocks, stall_percent, seed;
    _Atomic uint64_t reserved[3];
    _Atomic uint64_t faults[FAULT_COUNT];
};

/* The page that the environment names, made if need be; NULL with errno. */
struct card_page *card_page_open(void);
void card_page_close(struct card_page *page);
/* Whether this call is to fail; counts it. True for every call while the card is gone. */
bool card_page_fails(struct card_page *page, enum card_fault fault);
bool card_page_gone(const struct card_page *page);

#endif
