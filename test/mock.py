#!/usr/bin/env python3
"""The command of the mock API, a package that lies beside this file."""

import sys

sys.dont_write_bytecode = True

from mock.command import main  # noqa: E402

sys.exit(main(sys.argv[1:]))
