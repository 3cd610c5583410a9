"""Runs the tests of a folder: run.py [--in FOLDER] [NAME ...]; FOLDER is that of the live tests without an option, names are as
unittest takes them (test_flows.OnSQLite). Ends with `N passed, N failed`."""

import argparse
import os
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))


class Result(unittest.TextTestResult):
    """Counts a class or module whose set-up failed as one failure, though none of its tests ran."""

    def __init__(self, *arguments, **options) -> None:
        super().__init__(*arguments, **options)
        self.passed = 0

    def addSuccess(self, test) -> None:
        super().addSuccess(test)
        self.passed += 1

    @property
    def failed(self) -> int:
        return len(self.failures) + len(self.errors) + len(self.unexpectedSuccesses)


def main() -> int:
    if "REACTOR_BINARY" not in os.environ:
        sys.exit("run.py: REACTOR_BINARY names no program; use scripts/run-tests")
    parser = argparse.ArgumentParser()
    parser.add_argument("--in", dest="folder", type=Path, default=HERE)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    folder = str(options.folder.resolve())
    sys.path.insert(0, folder)
    loader = unittest.TestLoader()
    suite = loader.loadTestsFromNames(options.names) if options.names else loader.discover(folder, "test_*.py", folder)
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, resultclass=Result).run(suite)
    print(f"{result.passed} passed, {result.failed} failed")
    return 0 if result.failed == 0 and result.passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
