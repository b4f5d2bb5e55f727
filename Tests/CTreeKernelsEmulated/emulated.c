/* The kernel's own source, its AVX-512 done by SIMDe with what the processor has. */
#include "ctreekernelsemulated.h"

#if __has_include(<simde/x86/avx512.h>)
#if defined(__x86_64__)
/* Before SIMDe, which otherwise defines some of clang's types again. */
#include <immintrin.h>
#endif
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
/* Vectors are passed between inlined functions alone, so there is no ABI to change. */
#pragma clang diagnostic ignored "-Wpsabi"
#define CTREEKERNELS_EMULATED
#include "../../Sources/CTreeKernels/vbmi.c"
#else
ctreekernels_add *ctreekernels_vbmi_emulated(void) { return NULL; }
#endif
