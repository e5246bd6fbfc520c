"""Asks pip which file it would download: `python find_wheel.py NAME ==VERSION` prints its address and SHA-256 as JSON.

Runs in the environment that the file is for, so that indexes, proxies and tags are those of its pip.
"""

import json
import sys

from pip._internal.commands import create_command
from pip._vendor.packaging.specifiers import SpecifierSet


def find(name, versions):
    """Returns what is known of the file, or None where there is none."""
    command = create_command("install")
    options, _ = command.parse_args([])
    with command._build_session(options) as session:
        finder = command._build_package_finder(options, session)
        best = finder.find_best_candidate(name, specifier=SpecifierSet(versions)).best_candidate
    if best is None or not best.link.is_wheel:
        return None
    link = best.link
    return {
        "url": link.url_without_fragment,
        "filename": link.filename,
        "sha256": link.hash if link.hash_name == "sha256" else None,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(find(*sys.argv[1:])) + "\n")
