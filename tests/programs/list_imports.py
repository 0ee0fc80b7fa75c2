"""Imports a module, and prints the given other modules that were imported with it as a JSON list.

Arguments: the module, and the other modules.
"""

import importlib
import json
import sys

module, *others = sys.argv[1:]
importlib.import_module(module)
print(json.dumps([name for name in others if name in sys.modules]))
