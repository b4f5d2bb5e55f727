#ifndef VIGIL_EMULATED_REGISTRATION_H
#define VIGIL_EMULATED_REGISTRATION_H

/* The core library's own object for a handle of the shim layer, which the shim must keep. */

#ifdef __cplusplus
extern "C" {
#endif

/* Kept for the life of the process. NULL with errno. */
void *card_core_attach(void *handle, unsigned index);
/* Tells the core library what is loaded; 0 or a negative errno. */
int card_core_register(void *handle, const void *image);

#ifdef __cplusplus
}
#endif

#endif
