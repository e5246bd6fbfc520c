"""The system libraries that bpy needs and does not bring, and the line that installs them."""

import re

# As found on an empty Debian 12, by adding what the loader asked for.
APT_PACKAGES = {
    "libX11.so": "libx11-6",
    "libXrender.so": "libxrender1",
    "libXfixes.so": "libxfixes3",
    "libXi.so": "libxi6",
    "libxkbcommon.so": "libxkbcommon0",
    "libSM.so": "libsm6",
    "libICE.so": "libice6",
    "libXext.so": "libxext6",
    "libGL.so": "libgl1",
}
_MISSING = re.compile(r"(lib[\w.+-]+?\.so)[\d.]*: cannot open shared object file")


def library_advice(words: str) -> str:
    """Returns which library is missing and what to type, from what the loader said; nothing where none is."""
    found = _MISSING.search(words)
    if found is None:
        return ""
    package = APT_PACKAGES.get(found[1])
    if package is None:
        return f" The system library {found[1]} is missing: install the package that holds it."
    return f" System libraries are missing: apt-get install {' '.join(sorted(APT_PACKAGES.values()))}"
