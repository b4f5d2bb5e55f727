#include "cxrt.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Registers of the kernel that XRT knows nothing of. */
enum { CLOCKS_LOW = 0x34, CLOCKS_HIGH = 0x38, BUS_ERRORS = 0x3c };
enum { INPUT_ARGUMENT, OUTPUT_ARGUMENT, EVENTS_ARGUMENT };
enum { TO_DEVICE, FROM_DEVICE };

typedef void *handle;

/* XRT's functions, by their own names. */
struct calls {
    int (*xrtIniStringSet)(const char *key, const char *value);
    handle (*xrtDeviceOpen)(unsigned index);
    int (*xrtDeviceClose)(handle device);
    int (*xrtDeviceLoadXclbinFile)(handle device, const char *path);
    int (*xrtDeviceGetXclbinUUID)(handle device, unsigned char *uuid);
    handle (*xrtPLKernelOpenExclusive)(handle device, const unsigned char *uuid, const char *name);
    int (*xrtKernelClose)(handle kernel);
    int (*xrtKernelArgGroupId)(handle kernel, int argument);
    int (*xrtKernelReadRegister)(handle kernel, uint32_t offset, uint32_t *value);
    handle (*xrtBOAlloc)(handle device, size_t bytes, uint64_t flags, uint32_t group);
    int (*xrtBOFree)(handle buffer);
    void *(*xrtBOMap)(handle buffer);
    int (*xrtBOSync)(handle buffer, int direction, size_t bytes, size_t offset);
    handle (*xrtRunOpen)(handle kernel);
    int (*xrtRunClose)(handle run);
    int (*xrtRunSetArg)(handle run, int index, ...);
    int (*xrtRunStart)(handle run);
    int (*xrtRunWaitFor)(handle run, unsigned milliseconds);
};

/* XRT reads its settings once a process, so there is one of these. */
static struct {
    pthread_mutex_t lock;
    bool open;
    char root[4096];
    enum cxrt_mode mode;
    struct calls calls;
} library = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct cxrt_card {
    handle device, kernel;
    unsigned input_group, output_group;
    uint32_t bus_errors; /* as last read */
};

struct cxrt_slot {
    cxrt_card *card;
    handle input, output, run;
    void *input_bytes, *output_bytes;
    uint32_t events;     /* the run's argument; 0 when it is not set yet */
    uint32_t bus_errors; /* when the run was started */
};

static int fail(struct cxrt_failure *failure, const char *call, int code, const char *message) {
    failure->call = call;
    failure->code = code;
    snprintf(failure->message, sizeof failure->message, "%s", message);
    return -1;
}

/* XRT writes its own words to a log alone; what it leaves is errno, of either sign, or what it
 * returned. */
static int fail_by_code(struct cxrt_failure *failure, const char *call, int result,
                        const char *what) {
    int code = errno ? abs(errno) : result < -1 ? -result : CXRT_UNKNOWN;
    char message[sizeof failure->message];
    snprintf(message, sizeof message, "%s: %s", what,
             code == CXRT_UNKNOWN ? "XRT gives no reason" : strerror(code));
    return fail(failure, call, code, message);
}

static int find(void *core, struct calls *calls, struct cxrt_failure *failure) {
#define FIND(name) {#name, &calls->name}
    const struct {
        const char *name;
        void *slot;
    } wanted[] = {
        FIND(xrtIniStringSet),        FIND(xrtDeviceOpen),          FIND(xrtDeviceClose),
        FIND(xrtDeviceLoadXclbinFile), FIND(xrtDeviceGetXclbinUUID),
        FIND(xrtPLKernelOpenExclusive), FIND(xrtKernelClose),       FIND(xrtKernelArgGroupId),
        FIND(xrtKernelReadRegister),  FIND(xrtBOAlloc),             FIND(xrtBOFree),
        FIND(xrtBOMap),               FIND(xrtBOSync),              FIND(xrtRunOpen),
        FIND(xrtRunClose),            FIND(xrtRunSetArg),           FIND(xrtRunStart),
        FIND(xrtRunWaitFor),
    };
#undef FIND
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        *(void **)wanted[i].slot = dlsym(core, wanted[i].name);
        if (!*(void **)wanted[i].slot)
            return fail(failure, wanted[i].name, ENOSYS, "this XRT does not have the function");
    }
    return 0;
}

static const char *driver(enum cxrt_mode mode) {
    switch (mode) {
    case CXRT_HARDWARE: return "xrt_core";
    case CXRT_EMULATED: return "xrt_emulated";
    case CXRT_NOOP: return "xrt_noop";
    }
    return "";
}

/* XRT ends the process when it cannot load its driver, so that is tried first. */
static int open_libraries(const char *root, enum cxrt_mode mode, void **core,
                          struct cxrt_failure *failure) {
    char path[sizeof library.root + 64];
    snprintf(path, sizeof path, "%s/lib/libxrt_coreutil.so.2", root);
    *core = dlopen(access(path, R_OK) == 0 ? path : "libxrt_coreutil.so.2", RTLD_NOW | RTLD_GLOBAL);
    if (!*core) return fail(failure, "dlopen", ENOENT, dlerror());
    snprintf(path, sizeof path, "%s/lib/lib%s.so.2", root, driver(mode));
    if (!dlopen(path, RTLD_NOW | RTLD_GLOBAL)) return fail(failure, "dlopen", ENOENT, dlerror());
    return 0;
}

static int configure(const char *root, enum cxrt_mode mode, const struct calls *calls,
                     struct cxrt_failure *failure) {
    int result = setenv("XILINX_XRT", root, 1);
    if (result == 0 && mode == CXRT_HARDWARE) result = unsetenv("XCL_EMULATION_MODE");
    if (result == 0 && mode == CXRT_EMULATED) result = setenv("XCL_EMULATION_MODE", "hw_emu", 1);
    if (result == 0 && mode == CXRT_NOOP) result = setenv("XCL_EMULATION_MODE", "noop", 1);
    if (result != 0) return fail_by_code(failure, "setenv", 0, "XRT's environment cannot be set");
    if (calls->xrtIniStringSet("Runtime.runtime_log", "null") != 0
        || (mode == CXRT_EMULATED
            && calls->xrtIniStringSet("Runtime.hw_em_driver", driver(mode)) != 0))
        return fail_by_code(failure, "xrtIniStringSet", 0, "XRT was set up before");
    return 0;
}

static int open_once(const char *root, enum cxrt_mode mode, struct cxrt_failure *failure) {
    if (library.open && library.mode == mode && strcmp(library.root, root) == 0) return 0;
    if (library.open)
        return fail(failure, "dlopen", EBUSY, "XRT is open with another root or mode");
    if (strlen(root) >= sizeof library.root)
        return fail(failure, "dlopen", ENAMETOOLONG, "the root's path is too long");
    void *core = NULL;
    if (open_libraries(root, mode, &core, failure) != 0
        || find(core, &library.calls, failure) != 0
        || configure(root, mode, &library.calls, failure) != 0)
        return -1;
    strcpy(library.root, root);
    library.mode = mode;
    library.open = true;
    return 0;
}

int cxrt_library_open(const char *root, enum cxrt_mode mode, struct cxrt_failure *failure) {
    pthread_mutex_lock(&library.lock);
    int result = open_once(root, mode, failure);
    pthread_mutex_unlock(&library.lock);
    return result;
}

/* XRT's noop driver has no registers. */
static bool has_registers(void) { return library.mode != CXRT_NOOP; }

static int read_register(cxrt_card *card, uint32_t offset, uint32_t *value,
                         struct cxrt_failure *failure) {
    errno = 0;
    int result = library.calls.xrtKernelReadRegister(card->kernel, offset, value);
    if (result == 0) return 0;
    return fail_by_code(failure, "xrtKernelReadRegister", result, "a register cannot be read");
}

static int open_kernel(cxrt_card *card, const char *xclbin, const char *kernel,
                       struct cxrt_failure *failure) {
    const struct calls *xrt = &library.calls;
    unsigned char uuid[16];
    errno = 0;
    int result = access(xclbin, R_OK);
    if (result == 0) result = xrt->xrtDeviceLoadXclbinFile(card->device, xclbin);
    if (result != 0) return fail_by_code(failure, "xrtDeviceLoadXclbinFile", result, xclbin);
    result = xrt->xrtDeviceGetXclbinUUID(card->device, uuid);
    if (result != 0) return fail_by_code(failure, "xrtDeviceGetXclbinUUID", result, xclbin);
    card->kernel = xrt->xrtPLKernelOpenExclusive(card->device, uuid, kernel);
    if (!card->kernel) return fail_by_code(failure, "xrtPLKernelOpenExclusive", 0, kernel);
    int input = xrt->xrtKernelArgGroupId(card->kernel, INPUT_ARGUMENT);
    int output = xrt->xrtKernelArgGroupId(card->kernel, OUTPUT_ARGUMENT);
    if (input < 0 || output < 0)
        return fail_by_code(failure, "xrtKernelArgGroupId", 0, "the kernel takes no buffers");
    card->input_group = (unsigned)input;
    card->output_group = (unsigned)output;
    return has_registers() ? read_register(card, BUS_ERRORS, &card->bus_errors, failure) : 0;
}

cxrt_card *cxrt_card_open(unsigned index, const char *xclbin, const char *kernel,
                          struct cxrt_failure *failure) {
    cxrt_card *card = calloc(1, sizeof *card);
    if (!card) {
        fail(failure, "calloc", ENOMEM, "no memory for a card");
        return NULL;
    }
    char name[32];
    snprintf(name, sizeof name, "card %u", index);
    errno = 0;
    card->device = library.calls.xrtDeviceOpen(index);
    if (!card->device)
        fail_by_code(failure, "xrtDeviceOpen", 0, name);
    else if (open_kernel(card, xclbin, kernel, failure) == 0)
        return card;
    cxrt_card_close(card);
    return NULL;
}

/* What fails while closing is lost: nobody can do anything about it. */
void cxrt_card_close(cxrt_card *card) {
    if (card->kernel) library.calls.xrtKernelClose(card->kernel);
    if (card->device) library.calls.xrtDeviceClose(card->device);
    free(card);
}

int cxrt_card_clocks(cxrt_card *card, uint64_t *clocks, struct cxrt_failure *failure) {
    uint32_t high, low, again;
    if (!has_registers())
        return fail(failure, "xrtKernelReadRegister", ENOTSUP, "this mode has no registers");
    /* A run may end between the two halves. */
    do {
        if (read_register(card, CLOCKS_HIGH, &high, failure) != 0
            || read_register(card, CLOCKS_LOW, &low, failure) != 0
            || read_register(card, CLOCKS_HIGH, &again, failure) != 0)
            return -1;
    } while (high != again);
    *clocks = (uint64_t)high << 32 | low;
    return 0;
}

static int open_buffer(cxrt_card *card, size_t bytes, unsigned group, handle *buffer, void **at,
                       struct cxrt_failure *failure) {
    errno = 0;
    *buffer = library.calls.xrtBOAlloc(card->device, bytes, 0, group);
    if (!*buffer) return fail_by_code(failure, "xrtBOAlloc", 0, "no buffer on the card can be had");
    *at = library.calls.xrtBOMap(*buffer);
    return *at ? 0 : fail_by_code(failure, "xrtBOMap", 0, "a buffer cannot be mapped");
}

static int open_run(cxrt_slot *slot, struct cxrt_failure *failure) {
    const struct calls *xrt = &library.calls;
    errno = 0;
    slot->run = xrt->xrtRunOpen(slot->card->kernel);
    if (!slot->run) return fail_by_code(failure, "xrtRunOpen", 0, "no run can be had");
    int result = xrt->xrtRunSetArg(slot->run, INPUT_ARGUMENT, slot->input);
    if (result == 0) result = xrt->xrtRunSetArg(slot->run, OUTPUT_ARGUMENT, slot->output);
    if (result != 0)
        return fail_by_code(failure, "xrtRunSetArg", result, "the kernel does not take buffers");
    return 0;
}

cxrt_slot *cxrt_slot_open(cxrt_card *card, size_t input_bytes, size_t output_bytes,
                          struct cxrt_failure *failure) {
    cxrt_slot *slot = calloc(1, sizeof *slot);
    if (!slot) {
        fail(failure, "calloc", ENOMEM, "no memory for a slot");
        return NULL;
    }
    slot->card = card;
    if (open_buffer(card, input_bytes, card->input_group, &slot->input, &slot->input_bytes,
                    failure) == 0
        && open_buffer(card, output_bytes, card->output_group, &slot->output, &slot->output_bytes,
                       failure) == 0
        && open_run(slot, failure) == 0)
        return slot;
    cxrt_slot_close(slot);
    return NULL;
}

void cxrt_slot_close(cxrt_slot *slot) {
    if (slot->run) library.calls.xrtRunClose(slot->run);
    if (slot->output) library.calls.xrtBOFree(slot->output);
    if (slot->input) library.calls.xrtBOFree(slot->input);
    free(slot);
}

void *cxrt_slot_input(const cxrt_slot *slot) { return slot->input_bytes; }

const void *cxrt_slot_output(const cxrt_slot *slot) { return slot->output_bytes; }

/* XRT takes a run for started even when that failed, and refuses to start it again. */
static void drop_run(cxrt_slot *slot) {
    library.calls.xrtRunClose(slot->run);
    slot->run = NULL;
    slot->events = 0;
}

int cxrt_slot_start(cxrt_slot *slot, uint32_t events, size_t bytes, struct cxrt_failure *failure) {
    const struct calls *xrt = &library.calls;
    if (!slot->run && open_run(slot, failure) != 0) return -1;
    errno = 0;
    int result = xrt->xrtBOSync(slot->input, TO_DEVICE, bytes, 0);
    if (result != 0) return fail_by_code(failure, "xrtBOSync", result, "inputs did not arrive");
    if (slot->events != events) {
        result = xrt->xrtRunSetArg(slot->run, EVENTS_ARGUMENT, events);
        if (result != 0)
            return fail_by_code(failure, "xrtRunSetArg", result, "the kernel takes no such count");
    }
    slot->events = events;
    slot->bus_errors = slot->card->bus_errors;
    result = xrt->xrtRunStart(slot->run);
    if (result == 0) return 0;
    int reason = errno;
    drop_run(slot);
    errno = reason;
    return fail_by_code(failure, "xrtRunStart", result, "a run was not taken");
}

static int fail_by_state(struct cxrt_failure *failure, int state, unsigned milliseconds) {
    char message[sizeof failure->message];
    switch (state) {
    case CXRT_TIMEOUT:
        snprintf(message, sizeof message, "a run has not ended after %u ms", milliseconds);
        break;
    case CXRT_ERROR: snprintf(message, sizeof message, "a run ended with an error"); break;
    case CXRT_ABORTED: snprintf(message, sizeof message, "a run was aborted"); break;
    default: snprintf(message, sizeof message, "a run ended in state %d", state);
    }
    return fail(failure, "xrtRunWaitFor", state, message);
}

/* The kernel ends a run whatever the memory answers, and counts what was bad. */
static int check_bus(cxrt_slot *slot, struct cxrt_failure *failure) {
    cxrt_card *card = slot->card;
    if (read_register(card, BUS_ERRORS, &card->bus_errors, failure) != 0) return -1;
    if (card->bus_errors == slot->bus_errors) return 0;
    return fail(failure, "xrtRunWaitFor", CXRT_ERROR, "the card's memory answered with errors");
}

int cxrt_slot_wait(cxrt_slot *slot, unsigned milliseconds, size_t bytes,
                   struct cxrt_failure *failure) {
    const struct calls *xrt = &library.calls;
    /* Nought would wait for ever. */
    int state = xrt->xrtRunWaitFor(slot->run, milliseconds ? milliseconds : 1);
    if (state != CXRT_COMPLETED) return fail_by_state(failure, state, milliseconds);
    if (has_registers() && check_bus(slot, failure) != 0) return -1;
    errno = 0;
    int result = xrt->xrtBOSync(slot->output, FROM_DEVICE, bytes, 0);
    return result == 0 ? 0 : fail_by_code(failure, "xrtBOSync", result, "outputs did not arrive");
}
