"""This script puts source folders on the import path of a virtual environment.

The paths are relative to site-packages, so that a moved or copied tree keeps importing itself.

    <venv>/bin/python requirements/import_roots.py services gen/python
"""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path


def main(roots: list[str]) -> None:
    """Write the .pth file that names *roots*, which are relative to the working directory."""
    site_packages = Path(sysconfig.get_path("purelib"))
    lines = [os.path.relpath(Path(root).resolve(), site_packages.resolve()) for root in roots]
    (site_packages / "pal_import_roots.pth").write_text("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    main(sys.argv[1:])
