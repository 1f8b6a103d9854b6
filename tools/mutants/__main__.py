"""`python -m tools.mutants [MODULE ...]`: measure the core, or the modules given, and write docs/mutants.md."""

import sys
from pathlib import Path

from tools.mutants import report
from tools.mutants.core import modules
from tools.mutants.operators import enumerations, mutants
from tools.mutants.runner import missed, preload


def main(only: list[str]) -> int:
    """Measure, write, and say which modules fall short: the exit status is 1 when one does."""
    chosen = modules(only)
    if not chosen:
        sys.exit(f"no module of the core matches {' '.join(only)}; tools/mutants/core.py lists them")
    enums = enumerations([path.read_text("utf-8") for path in Path("aqboard").rglob("*.py")])
    preload()
    short = []
    for tests, paths in chosen.items():
        made = {path: list(mutants(str(path.resolve()), path.read_text("utf-8"), enums)) for path in paths}
        survivors = missed(tests, [mutant for each in made.values() for mutant in each])
        for path, each in made.items():
            result = report.Result.of(
                path.as_posix(), len(each), [m for m in survivors if m.file == str(path.resolve())]
            )
            report.write(result)
            print(result.line, *(f"    {survivor.words}" for survivor in result.survivors), sep="\n", flush=True)
            if not result.good:
                short.append(result.module)
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
