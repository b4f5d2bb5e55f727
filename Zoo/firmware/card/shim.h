#ifndef VIGIL_EMULATED_SHIM_H
#define VIGIL_EMULATED_SHIM_H

#include <stdbool.h>
#include <xrt.h>

/* Calls of XRT's shim layer that the core library's glue makes and no public header declares. */

#ifdef __cplusplus
extern "C" {
#endif

int xclRegRead(xclDeviceHandle handle, uint32_t unit, uint32_t offset, uint32_t *value);
int xclRegWrite(xclDeviceHandle handle, uint32_t unit, uint32_t offset, uint32_t value);
size_t xclRead(xclDeviceHandle handle, enum xclAddressSpace space, uint64_t offset, void *bytes,
               size_t count);
size_t xclWrite(xclDeviceHandle handle, enum xclAddressSpace space, uint64_t offset,
                const void *bytes, size_t count);
int xclP2pEnable(xclDeviceHandle handle, bool enable, bool force);

#ifdef __cplusplus
}
#endif

#endif
