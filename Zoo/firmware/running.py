"""Running the outside programs of the tool chain."""

import subprocess
import sys


def run(command, folder):
    """Runs a command in a folder; shows what it said and ends the program when it fails."""
    try:
        subprocess.run(command, cwd=folder, check=True, text=True, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT)
    except FileNotFoundError:
        sys.exit(f"{command[0]} is not installed")
    except subprocess.CalledProcessError as error:
        sys.exit(f"{error.stdout}\n{command[0]} failed with status {error.returncode}")
