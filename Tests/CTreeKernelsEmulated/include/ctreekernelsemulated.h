#ifndef VIGIL_CTREEKERNELSEMULATED_H
#define VIGIL_CTREEKERNELSEMULATED_H

#include "ctreekernels.h"

/* ctreekernels_vbmi() for processors without AVX-512; null where SIMDe was not installed when
 * this was compiled (Debian: libsimde-dev). */
ctreekernels_add *ctreekernels_vbmi_emulated(void);

#endif
