"""The script for Vivado, as far as it can be judged without Vivado."""

from pathlib import Path

from firmware import sidecar, vitis

FILES = [Path("/kernel/kernel.v"), Path("/verilog/src/pipeline.v")]


def test_the_script_names_every_file_and_register():
    """All Verilog is packed, and the host learns where the arguments are."""
    script = vitis.package_script(FILES, Path("/generated"))
    for path in FILES:
        assert f"add_files -norecurse {{{path}}}" in script
    for name, address, _, _ in vitis.ARGUMENTS:
        assert f"ipx::add_register {name} $block" in script
        assert f"address_offset {address:#x}" in script
    assert f"-xo_path {sidecar.KERNEL}.xo" in script


def test_sources_leave_out_the_librarys_wrapper(tmp_path):
    """It would be a second topmost module."""
    (tmp_path / "src").mkdir()
    for name in ("pipeline.v", "pipeline_wrapper.v"):
        (tmp_path / "src" / name).touch()
    names = [path.name for path in vitis.sources(tmp_path / "generated", tmp_path)]
    assert "pipeline.v" in names and "pipeline_wrapper.v" not in names
