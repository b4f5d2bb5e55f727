#include "registration.h"

#include <cerrno>
#include <exception>
#include <memory>
#include <xclbin.h>

// XRT's core library has an object of its own for each handle, that the shim must ask for, keep,
// and tell what is loaded. These three are of libxrt_coreutil's C++ interface, which no header
// declares.
namespace xrt_core {
class device {
public:
    void register_axlf(const axlf *);
};
std::shared_ptr<device> get_userpf_device(void *handle);
std::shared_ptr<device> get_userpf_device(void *handle, unsigned index);
}

using Core = std::shared_ptr<xrt_core::device>;

void *card_core_attach(void *handle, unsigned index) try {
    return new Core(xrt_core::get_userpf_device(handle, index));
} catch (const std::exception &) {
    errno = ENODEV;
    return nullptr;
}

int card_core_register(void *handle, const void *image) try {
    xrt_core::get_userpf_device(handle)->register_axlf(static_cast<const axlf *>(image));
    return 0;
} catch (const std::exception &) {
    return -EINVAL;
}
