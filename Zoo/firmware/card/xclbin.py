"""Writes an xclbin without Vitis: what XRT needs to know of a kernel, and for an emulated card the
kernel itself, a shared library that simulates it.

    python xclbin.py firmware.json OUT.xclbin [--library kernel.so]

Without a library the file suits XRT's noop mode, which computes nothing. The same model and library
give the same bytes.
"""

import argparse
import hashlib
import json
import struct
from pathlib import Path

# Kinds of sections, and the modes of a container, by xclbin.h of XRT 2.13.
BITSTREAM, METADATA, MEMORY, CONNECTIVITY, IP_LAYOUT, CLOCKS = 0, 2, 6, 7, 8, 11
MODE_FLAT, MODE_HARDWARE_EMULATION = 0, 4
MEMORY_DDR4, IP_KERNEL, INTERRUPTS = 1, 1, 1
DATA_CLOCK, KERNEL_CLOCK = 1, 2
# Bytes before the first section's header, and of one.
HEAD_BYTES, SECTION_BYTES = 456, 40
ALIGNMENT = 8
XRT_VERSION = (466, 2, 13)
PLATFORM = b"vigil_emulated_card"

BANK_ADDRESS = 0x40_0000_0000
BANK_KIBIBYTES = 16 * 1024 * 1024
REGISTERS_ADDRESS = 0x180_0000
# The first two arguments are addresses of buffers.
BUFFER_ARGUMENTS = 2

XML = """\
<?xml version="1.0" encoding="UTF-8"?>
<project name="{kernel}">
  <platform vendor="vigil" boardid="emulated" name="card" featureRomTime="0">
    <version major="1" minor="0"/>
    <device name="fpga0" fpgaDevice="" addrWidth="64">
      <core name="OCL_REGION_0" target="{target}" type="clc_region">
        <kernel name="{kernel}" language="ip_c" type="pl" attributes=""
                hwControlProtocol="ap_ctrl_hs" interrupt="true">
          <port name="S_AXI_CONTROL" mode="slave" range="0x1000" dataWidth="32"
                portType="addressable" base="0x0"/>
          <port name="M_AXI_GMEM0" mode="master" range="0xFFFFFFFFFFFFFFFF" dataWidth="{input}"
                portType="addressable" base="0x0"/>
          <port name="M_AXI_GMEM1" mode="master" range="0xFFFFFFFFFFFFFFFF" dataWidth="{output}"
                portType="addressable" base="0x0"/>
          <arg name="in" addressQualifier="1" id="0" port="M_AXI_GMEM0" size="0x8" offset="0x10"
               hostOffset="0x0" hostSize="0x8" type="int*"/>
          <arg name="out" addressQualifier="1" id="1" port="M_AXI_GMEM1" size="0x8" offset="0x1C"
               hostOffset="0x0" hostSize="0x8" type="int*"/>
          <arg name="n" addressQualifier="0" id="2" port="S_AXI_CONTROL" size="0x4" offset="0x28"
               hostOffset="0x0" hostSize="0x4" type="uint"/>
          <instance name="{kernel}_1">
            <addrRemap base="{registers:#x}" range="0x10000" port="S_AXI_CONTROL"/>
          </instance>
        </kernel>
      </core>
    </device>
  </platform>
</project>
"""


def sections(sidecar, library):
    """Kind, name and bytes of every section."""
    kernel = sidecar["kernel"]
    xml = XML.format(
        kernel=kernel,
        target="hw_em" if library else "bitstream",
        input=sidecar["input_stride_bytes"] * 8,
        output=sidecar["output_stride_bytes"] * 8,
        registers=REGISTERS_ADDRESS,
    )
    memory = struct.pack("<i4x", 1)
    memory += struct.pack("<BB6xQQ16s", MEMORY_DDR4, 1, BANK_KIBIBYTES, BANK_ADDRESS, b"bank0")
    layout = struct.pack("<i4x", 1)
    name = f"{kernel}:{kernel}_1".encode()
    layout += struct.pack("<IIQ64s", IP_KERNEL, INTERRUPTS, REGISTERS_ADDRESS, name)
    connections = struct.pack("<i", BUFFER_ARGUMENTS)
    for argument in range(BUFFER_ARGUMENTS):
        connections += struct.pack("<iii", argument, 0, 0)
    megahertz = sidecar["clock_megahertz"]
    clocks = struct.pack("<h", 2)
    for kind, label in ((DATA_CLOCK, b"DATA_CLK"), (KERNEL_CLOCK, b"KERNEL_CLK")):
        clocks += struct.pack("<HB5x128s", megahertz, kind, label)
    listed = [
        (METADATA, b"metadata", xml.encode()),
        (MEMORY, b"memory", memory),
        (CONNECTIVITY, b"connectivity", connections),
        (IP_LAYOUT, b"ip_layout", layout),
        (CLOCKS, b"clocks", clocks),
    ]
    if library:
        listed.append((BITSTREAM, b"bitstream", library))
    return listed


def container(sidecar, library):
    """The bytes of the xclbin."""
    listed = sections(sidecar, library)
    identity = hashlib.sha256(b"".join(content for _, _, content in listed)).digest()[:16]
    offset = -(-(HEAD_BYTES + SECTION_BYTES * len(listed)) // ALIGNMENT) * ALIGNMENT
    headers, body = b"", b""
    start = offset
    for kind, name, content in listed:
        headers += struct.pack("<I16s4xQQ", kind, name, offset, len(content))
        padded = content + b"\0" * (-len(content) % ALIGNMENT)
        body += padded
        offset += len(padded)
    signature, unique, time = -1, 0, 0
    top = struct.pack("<8si28s256sQ", b"xclbin2\0", signature, b"\xff" * 28, b"", unique)
    top += struct.pack(
        "<QQQHBBHH16s64s16s16sI4x",
        offset, time, time, *XRT_VERSION,
        MODE_HARDWARE_EMULATION if library else MODE_FLAT, 0,
        b"", PLATFORM, identity, b"", len(listed),
    )
    assert len(top) == HEAD_BYTES
    return (top + headers).ljust(start, b"\0") + body


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sidecar", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--library", type=Path, help="the simulated kernel")
    arguments = parser.parse_args()
    sidecar = json.loads(arguments.sidecar.read_text())
    library = arguments.library.read_bytes() if arguments.library else None
    arguments.out.write_bytes(container(sidecar, library))


if __name__ == "__main__":
    main()
