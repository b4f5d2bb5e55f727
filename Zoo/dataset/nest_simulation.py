"""Runs NEST (nestpy 2.1.3, detector LZ_WS2024) on energy deposits."""

import contextlib
import os
import sys
import tempfile
from dataclasses import dataclass, fields

import nestpy
import numpy as np

FIELD_V_PER_CM = 96.5
"""Drift field of the LZ WS2024 run."""

NR_YIELDS = [10.19, 1.11, 0.0498, -0.0533, 12.46, 0.2942, 1.899, 0.3197, 2.066, 0.509, 0.996, 0.999]
ER_YIELDS = [12.4886, 85.0, 0.6050, 2.14687, 25.721, -1.0, 59.651, 3.6869, 0.2872, 0.1121]
WIDTHS = [0.404, 0.393, 0.0383, 0.497, 0.1906, 2.220, 0.3, 0.04311, 0.46894, 0.15505, -0.26564,
          0.0, 0.0]
"""NEST parameter vectors tuned to LZ's tritium and DD data (NEST, include/Detectors/LZ_WS2024.hh).

nestpy does not read them from the detector: they have to be passed by hand."""

DETECTOR = nestpy.detectors.LZ_WS2024()
TOP_DRIFT_MM = DETECTOR.get_TopDrift()
ELECTRON_LIFETIME_US = DETECTOR.get_eLife_us()


def drift_velocity():
    """Drift velocity in mm/us at the run's temperature, pressure and field."""
    temperature_k, pressure_bar = DETECTOR.get_T_Kelvin(), DETECTOR.get_p_bar()
    calculator = nestpy.NESTcalc(DETECTOR)
    density = calculator.SetDensity(temperature_k, pressure_bar)
    return calculator.SetDriftVelocity(temperature_k, density, FIELD_V_PER_CM, pressure_bar)


DRIFT_MM_PER_US = drift_velocity()


@dataclass
class Deposits:
    """Simulated single-site energy deposits; every field has shape (N,)."""

    energy_kev: np.ndarray
    x_mm: np.ndarray
    y_mm: np.ndarray
    z_mm: np.ndarray
    s1_tubes: np.ndarray
    """PMTs over threshold within the S1 coincidence window."""
    s1c_phd: np.ndarray
    """S1 area corrected for position."""
    s2_phd: np.ndarray
    """S2 area as detected."""
    s2c_phd: np.ndarray
    """S2 area corrected for position and electron lifetime."""

    @property
    def count(self):
        return len(self.energy_kev)

    @property
    def drift_us(self):
        return (TOP_DRIFT_MM - self.z_mm) / DRIFT_MM_PER_US

    def where(self, mask):
        """The deposits that `mask` (N,) keeps."""
        return Deposits(*(getattr(self, field.name)[mask] for field in fields(self)))

    def with_charge(self, fraction):
        """The deposits after all but `fraction` (N,) of the S2 light is lost."""
        kept = self.where(slice(None))
        kept.s2_phd, kept.s2c_phd = self.s2_phd * fraction, self.s2c_phd * fraction
        return kept


@contextlib.contextmanager
def quiet_standard_error():
    """Keeps NEST's one CAUTION line per event out of the terminal; shows its tail on a failure."""
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as sink:
        os.dup2(sink.fileno(), 2)
        try:
            yield
        except BaseException:
            sink.seek(max(0, sink.tell() - 2000))
            os.write(terminal, sink.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)


def simulate(interaction, energy_kev, x_mm, y_mm, z_mm, seed):
    """Simulates one deposit an element; `seed` reseeds NEST's process-wide generator.

    runNESTvec stores absolute values, so NEST's minus sign for signals below threshold is lost:
    the caller applies the selection.
    """
    with quiet_standard_error():
        record = nestpy.array.runNESTvec(
            DETECTOR, interaction, energy_kev, np.column_stack([x_mm, y_mm, z_mm]),
            FIELD_V_PER_CM, seed,
            er_yield_params=ER_YIELDS, nr_yield_params=NR_YIELDS, width_params=WIDTHS)
    column = lambda name: np.asarray(record[name], dtype=np.float64)
    return Deposits(energy_kev, x_mm, y_mm, z_mm, column("s1_nhits_thr"),
                    column("s1c_phd"), column("s2r_phd"), column("s2c_phd"))
