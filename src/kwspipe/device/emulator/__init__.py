"""The emulated BRD2601B: the board's own firmware on Unicorn, with models of the chip's devices.

It computes what the board computes, bit for bit, and shows how the firmware deals with a slow line or a power
cut. It says nothing of cycles, and its device models were written from the same documents as the drivers:
what both agree on may still be wrong on silicon.

The emulator is the optional extra `emulator` and runs in a process of its own; this package starts it.
"""

from kwspipe.device.emulator.process import EmulatedBoard

__all__ = ["EmulatedBoard"]
