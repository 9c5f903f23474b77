"""`python -m core.engine LIBRARY`: the engine process, as clients start it."""

import sys

from core.engine.launch import main

sys.exit(main())
