#!/usr/bin/env python3
"""The command of the differential test, a package beside this file."""

import sys

sys.dont_write_bytecode = True

from differential.run import main  # noqa: E402

sys.exit(main())
