#include "cxrt.h"
