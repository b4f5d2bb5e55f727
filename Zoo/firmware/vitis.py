"""Writes what AMD's Vitis needs to build the kernel for a real card, and prints the steps.

    python -m firmware.vitis

The Verilog is the one that the emulated card runs. Nothing of AMD's tools was at hand where this
was written: neither the script nor the steps were ever run.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from . import places, rtl, sidecar
from . import program as programs

PLATFORM = "xilinx_u50_gen3x16_xdma_5_202210_1"
ARGUMENTS = [("in", 0x10, 8, "m_axi_gmem0"), ("out", 0x1C, 8, "m_axi_gmem1"), ("n", 0x28, 4, None)]
"""Name, address and bytes of each argument's register, and the bus that it points into."""
BUSES = ["s_axi_control", "m_axi_gmem0", "m_axi_gmem1"]
CONTROL = "reg0"
KERNEL_SOURCES = places.FIRMWARE / "kernel"


def package_script(files, include_folder, part=rtl.PART):
    """Vivado's Tcl that packs the Verilog into KERNEL.xo."""
    kernel = sidecar.KERNEL
    return "\n".join([
        f"create_project -force {kernel} project -part {part}",
        *(f"add_files -norecurse {{{path}}}" for path in files),
        f"set_property include_dirs {{{include_folder}}} [current_fileset]",
        f"set_property top {kernel} [current_fileset]",
        "update_compile_order -fileset sources_1",
        f"ipx::package_project -root_dir ip -vendor vigil -library kernel -name {kernel} "
        "-taxonomy /KernelIP -import_files -set_current true",
        "set core [ipx::current_core]",
        "set_property sdx_kernel true $core",
        "set_property sdx_kernel_type rtl $core",
        *(f"ipx::associate_bus_interfaces -busif {bus} -clock ap_clk $core" for bus in BUSES),
        f"set map [ipx::add_memory_map {BUSES[0]} $core]",
        f"set_property slave_memory_map_ref {BUSES[0]} "
        f"[ipx::get_bus_interfaces {BUSES[0]} -of_objects $core]",
        f"set block [ipx::add_address_block {CONTROL} $map]",
        *register_script(),
        "ipx::update_checksums $core",
        "ipx::check_integrity -kernel $core",
        "ipx::save_core $core",
        f"package_xo -force -xo_path {kernel}.xo -kernel_name {kernel} -ip_directory ip "
        "-ctrl_protocol ap_ctrl_hs",
        "close_project",
    ]) + "\n"


def register_script():
    """Tcl lines that tell where the arguments' registers are."""
    for name, address, size, bus in ARGUMENTS:
        yield f"set register [ipx::add_register {name} $block]"
        yield f"set_property address_offset {address:#x} $register"
        yield f"set_property size {size * 8} $register"
        if bus:
            yield "set bus [ipx::add_register_parameter ASSOCIATED_BUSIF $register]"
            yield f"set_property value {bus} $bus"


def sources(generated, project):
    """All Verilog of the kernel: around the pipeline, the pipeline, and da4ml's library."""
    pipeline = [path for path in (project / "src").glob("*.v")
                if not path.stem.endswith("_wrapper")]
    folders = [KERNEL_SOURCES.glob("*.v"), generated.glob("*.v*"), pipeline,
               (project / "src/static").glob("*.v")]
    return [path.resolve() for folder in folders for path in sorted(folder)]


def steps(folder):
    """The commands, in order."""
    kernel = sidecar.KERNEL
    return [
        f"cd {folder}",
        "vivado -mode batch -source package.tcl",
        f"v++ --target hw --link --platform {PLATFORM} "
        f"--kernel_frequency {programs.CLOCK_MEGAHERTZ} --connectivity.nk {kernel}:1:{kernel}_1 "
        f"--connectivity.sp {kernel}_1.m_axi_gmem0:HBM[0] "
        f"--connectivity.sp {kernel}_1.m_axi_gmem1:HBM[1] --output kernel.xclbin {kernel}.xo",
        f"cp kernel.xclbin {places.VERSION}",
    ]


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rtl", type=Path, nargs="?", default=places.RTL,
                        help="the Verilog project (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=places.BUILD / places.MODEL / "vitis",
                        help="folder to write (default: %(default)s)")
    options = parser.parse_args()
    generated = options.out / "generated"
    generated.mkdir(parents=True, exist_ok=True)
    fitted = subprocess.run([sys.executable, str(KERNEL_SOURCES / "generate.py"),
                             str(places.VERSION / sidecar.SIDECAR_FILE), str(options.rtl),
                             str(generated)])
    if fitted.returncode:
        sys.exit("the kernel could not be fitted to the model")
    files = sources(generated, options.rtl)
    (options.out / "package.tcl").write_text(package_script(files, generated.resolve()))
    print(f"Wrote {options.out / 'package.tcl'}, for a U50. It was never run: AMD's tools were\n"
          "not at hand. Only they tell whether the kernel keeps 200 MHz. With Vivado and Vitis\n"
          "2022.2:\n")
    print("\n".join(steps(options.out.resolve())))


if __name__ == "__main__":
    main()
