"""Build steps that pyproject.toml cannot express: the cffi extension, and conf/ in the wheel."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithConf(build_py):
    """Copies conf/ into the package, where an installed kwspipe reads it."""

    def run(self) -> None:
        """Builds the package and adds conf/."""
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib) / "kwspipe" / "conf"
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree("conf", target)


setup(cmdclass={"build_py": BuildWithConf}, cffi_modules=["src/kwspipe/core/build.py:ffibuilder"])
