#ifndef VIGIL_CCUDA_H
#define VIGIL_CCUDA_H

#include <stddef.h>

/* The part of CUDA's runtime library that Vigil uses, declared by ourselves.
 *
 * Nothing is linked: libcudart is opened at run time, the one that ONNX Runtime's provider brought
 * into the process where it did. Cards are numbered as CUDA does. Functions that can fail give -1 or
 * NULL, with what failed in `failure`. Any thread may call them once the library is open. */

struct ccuda_failure {
    const char *call;  /* the name of CUDA's function, or dlopen; static */
    char message[240]; /* "CUDA failure NUMBER: WORDS", as ONNX Runtime says it */
};

/* Opens the library, once a process; gives its name. */
const char *ccuda_open(struct ccuda_failure *failure);

/* Memory of the host that cards copy from and to by themselves. */
void *ccuda_pinned_allocate(int card, size_t bytes, struct ccuda_failure *failure);
void ccuda_pinned_free(void *memory);

/* Memory of a card. */
void *ccuda_card_allocate(int card, size_t bytes, struct ccuda_failure *failure);
void ccuda_card_free(int card, void *memory);

/* Work that a card does one after the other, beside that of other streams; used by one thread at a
 * time. Graphs may be captured in this process from the first one on. */
typedef struct ccuda_stream ccuda_stream;
ccuda_stream *ccuda_stream_create(int card, struct ccuda_failure *failure);
void ccuda_stream_destroy(ccuda_stream *stream);
/* CUDA's own handle, for ONNX Runtime. */
void *ccuda_stream_handle(const ccuda_stream *stream);
/* Both start a copy; the memory must stay as it is until a wait returned. */
int ccuda_stream_copy_in(ccuda_stream *stream, void *card_memory, const void *memory, size_t bytes,
                         struct ccuda_failure *failure);
int ccuda_stream_copy_out(ccuda_stream *stream, void *memory, const void *card_memory, size_t bytes,
                          struct ccuda_failure *failure);
/* Waits for all that was started. */
int ccuda_stream_wait(ccuda_stream *stream, struct ccuda_failure *failure);

/* To be called before ONNX Runtime uses a card on this thread. It captures graphs in CUDA's global
 * mode, in which other threads may not, say, allocate; from now on this thread may. Costs nothing
 * where no stream was ever made. */
void ccuda_pass_captures(void);

#endif
