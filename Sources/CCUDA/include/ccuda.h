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

#endif
