"""The two build steps pyproject.toml cannot express: the cffi extension, and conf/ inside the wheel."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithConf(build_py):
    """Copies conf/ next to the package, where an installed kwspipe looks for it."""

    def run(self) -> None:
        """Builds the package, then adds conf/ to it."""
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib) / "kwspipe" / "conf"
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree("conf", target)


setup(cmdclass={"build_py": BuildWithConf}, cffi_modules=["src/kwspipe/core/build.py:ffibuilder"])
