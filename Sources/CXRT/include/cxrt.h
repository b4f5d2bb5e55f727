#ifndef VIGIL_CXRT_H
#define VIGIL_CXRT_H

#include <stddef.h>
#include <stdint.h>

/* Runs a kernel on a card by XRT's C interface (2.13), declared by ourselves.
 *
 * Nothing is linked: libxrt_coreutil is opened at run time. A kernel takes (inputs, outputs,
 * events): 64-bit addresses of two buffers and a 32-bit count, under ap_ctrl_hs. It may tell at
 * 0x34 and 0x38 the clocks of its runs so far and at 0x3c how many answers of the memory were errors.
 *
 * Functions that can fail return 0, or -1 with what failed in `failure`. One thread at a time uses
 * a card and its slots, for XRT lets one thread of a device wait for another one's time limit. */

enum cxrt_mode {
    CXRT_HARDWARE,
    CXRT_EMULATED, /* our own shim below XRT, libxrt_emulated.so.2 in the root */
    CXRT_NOOP,     /* XRT's own: every run ends at once and computes nothing */
};

/* States that a run may end in (ert.h), as codes of xrtRunWaitFor. */
enum cxrt_state {
    CXRT_COMPLETED = 4,
    CXRT_ERROR = 5,
    CXRT_ABORTED = 6,
    CXRT_TIMEOUT = 8, /* it still runs */
};

/* A code where XRT says no more than that a call failed. */
#define CXRT_UNKNOWN (-1)

struct cxrt_failure {
    const char *call; /* the name of XRT's function; static */
    int code;         /* of errno or CXRT_UNKNOWN; of cxrt_state for xrtRunWaitFor */
    char message[240];
};

typedef struct cxrt_card cxrt_card;
typedef struct cxrt_slot cxrt_slot;

/* Opens XRT's libraries, once a process: another root or mode later is a failure, for XRT cannot be
 * set up twice. `root` is a folder with lib/libxrt_coreutil.so.2 or at least the driver's library
 * in lib. From then on XRT prints nothing. */
int cxrt_library_open(const char *root, enum cxrt_mode mode, struct cxrt_failure *failure);

/* A card with the xclbin loaded and the kernel for itself alone. */
cxrt_card *cxrt_card_open(unsigned index, const char *xclbin, const char *kernel,
                          struct cxrt_failure *failure);
/* After its slots. A run that hangs is left behind; the call waits for nothing. */
void cxrt_card_close(cxrt_card *card);
/* Clocks from start to done of all runs that ended since the card was opened, as the kernel counted
 * them. */
int cxrt_card_clocks(cxrt_card *card, uint64_t *clocks, struct cxrt_failure *failure);

/* What one run needs; several may be under way at once. */
cxrt_slot *cxrt_slot_open(cxrt_card *card, size_t input_bytes, size_t output_bytes,
                          struct cxrt_failure *failure);
void cxrt_slot_close(cxrt_slot *slot);
/* Memory of the host, until the slot is closed. Not to be touched while a run is under way. */
void *cxrt_slot_input(const cxrt_slot *slot);
const void *cxrt_slot_output(const cxrt_slot *slot);
/* Takes the first bytes of the input to the card and starts the kernel. */
int cxrt_slot_start(cxrt_slot *slot, uint32_t events, size_t bytes, struct cxrt_failure *failure);
/* Waits for the run's end, at most so long, and fetches the first bytes of the output. After a
 * failure whose code is CXRT_TIMEOUT the run is still under way; after any other it has ended.
 * Bad answers of the memory fail every run that was under way when they came. */
int cxrt_slot_wait(cxrt_slot *slot, unsigned milliseconds, size_t bytes,
                   struct cxrt_failure *failure);

#endif
