"""Emulated BRD2601B: the firmware of the board on the CPU emulator Unicorn, with models of the chip's peripherals.

The results equal those of the board bit for bit, and the reaction of the firmware to a slow line or a power cut can be
tested. The emulator does not model cycles. The peripheral models and the drivers are based on the same documents.
Therefore an error in both is not detected.

The emulator is the optional extra `emulator`. It runs in its own process, which this package starts.
"""

from kwspipe.device.emulator.process import EmulatedBoard

__all__ = ["EmulatedBoard"]
