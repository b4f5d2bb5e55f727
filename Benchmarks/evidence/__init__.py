"""What Vigil promises of uncertainties, drift and discoveries, held against events."""
