"""`python -m libs.events` writes the schemas and the AsyncAPI document; `--check` only compares and fails.

A change that breaks a published version is never written: it needs a new version beside the old.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from libs.events import documents


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0 when the checked-in documents are (now) what the models say, else 1."""
    parser = argparse.ArgumentParser(prog="python -m libs.events", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the checked-in files, write nothing")
    parser.add_argument("--folder", type=Path, default=documents.FOLDER, help="where the documents lie")
    options = parser.parse_args(arguments)
    breaches = documents.breaking_changes(options.folder)
    for breach in breaches:
        print(f"breaks a published version: {breach}", file=sys.stderr)
    if breaches:
        return 1
    changed = documents.differences(options.folder)
    if options.check:
        for path in changed:
            print(f"not what the models say: {path}", file=sys.stderr)
        return 1 if changed else 0
    documents.write(options.folder)
    print("\n".join(f"written: {path}" for path in changed) or "all as it was")
    return 0


if __name__ == "__main__":
    sys.exit(main())
