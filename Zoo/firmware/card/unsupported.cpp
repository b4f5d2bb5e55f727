#include "shim.h"

#include <experimental/xrt_aie.h>
#include <experimental/xrt_graph.h>
#include <xclbin.h>
#include <xrt/xrt_bo.h>

#include <cerrno>

// Calls that the glue refers to and that an emulated card has no use for: AI engines, profiling,
// raw addresses, peer to peer. Each says so to who calls it all the same.

namespace {
constexpr int unsupported = -ENOSYS;
}

extern "C" {
size_t xclRead(xclDeviceHandle, xclAddressSpace, uint64_t, void *, size_t) { return 0; }
size_t xclWrite(xclDeviceHandle, xclAddressSpace, uint64_t, const void *, size_t) { return 0; }
ssize_t xclUnmgdPread(xclDeviceHandle, unsigned, void *, size_t, uint64_t) { return unsupported; }
ssize_t xclUnmgdPwrite(xclDeviceHandle, unsigned, const void *, size_t, uint64_t) {
    return unsupported;
}
int xclReClock2(xclDeviceHandle, unsigned short, const unsigned short *) { return unsupported; }
int xclP2pEnable(xclDeviceHandle, bool, bool) { return unsupported; }
xclBufferExportHandle xclExportBO(xclDeviceHandle, xclBufferHandle) { return unsupported; }
xclBufferHandle xclImportBO(xclDeviceHandle, xclBufferExportHandle, unsigned) { return -1; }
}

int xclCloseExportHandle(int) { return unsupported; }
int xclLoadXclBinMeta(void *, const axlf *) { return unsupported; }
int xclInternalResetDevice(void *, xclResetKind) { return unsupported; }
int xclUpdateSchedulerStat(void *) { return unsupported; }
int xclCmaEnable(void *, bool, uint64_t) { return unsupported; }

void *xclGraphOpen(void *, const xuid_t, const char *, xrt::graph::access_mode) { return nullptr; }
void xclGraphClose(void *) {}
int xclGraphReset(void *) { return unsupported; }
uint64_t xclGraphTimeStamp(void *) { return 0; }
int xclGraphRun(void *, int) { return unsupported; }
int xclGraphWaitDone(void *, int) { return unsupported; }
int xclGraphWait(void *, uint64_t) { return unsupported; }
int xclGraphSuspend(void *) { return unsupported; }
int xclGraphResume(void *) { return unsupported; }
int xclGraphEnd(void *, uint64_t) { return unsupported; }
int xclGraphUpdateRTP(void *, const char *, const char *, size_t) { return unsupported; }
int xclGraphReadRTP(void *, const char *, char *, size_t) { return unsupported; }
int xclAIEOpenContext(void *, xrt::aie::access_mode) { return unsupported; }
int xclSyncBOAIE(void *, xrt::bo &, const char *, xclBOSyncDirection, size_t, size_t) {
    return unsupported;
}
int xclSyncBOAIENB(void *, xrt::bo &, const char *, xclBOSyncDirection, size_t, size_t) {
    return unsupported;
}
int xclGMIOWait(void *, const char *) { return unsupported; }
int xclResetAIEArray(void *) { return unsupported; }
int xclStartProfiling(void *, int, const char *, const char *, uint32_t) { return unsupported; }
uint64_t xclReadProfiling(void *, int) { return 0; }
int xclStopProfiling(void *, int) { return unsupported; }

// What the glue asks of the shim it was written for: that a handle is one of its own. It is not.
namespace xrt_core::query {
enum class key_type;
}
namespace xclcpuemhal2 {
class CpuemShim {
public:
    static CpuemShim *handleCheck(void *);
    uint32_t deviceQuery(xrt_core::query::key_type);
};
CpuemShim *CpuemShim::handleCheck(void *) { return nullptr; }
uint32_t CpuemShim::deviceQuery(xrt_core::query::key_type) { return 0; }
}
