"""The standard two-phase xenon TPC dataset: simulation, populations and files."""
