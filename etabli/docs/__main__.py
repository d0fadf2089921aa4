"""`python -m etabli.docs` writes the generated pages; with `--check` it fails when one is out of date."""

import sys
from pathlib import Path

from etabli import docs


def main(arguments: list[str]) -> int:
    """Write or check docs/ of the present folder."""
    folder = Path("docs")
    if "--check" in arguments:
        old = docs.stale(folder)
        if old:
            print(f"Out of date: {', '.join(old)}. Run: make docs", file=sys.stderr)
        return 1 if old else 0
    print("Written: " + (", ".join(docs.write(folder)) or "nothing, all were up to date"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
