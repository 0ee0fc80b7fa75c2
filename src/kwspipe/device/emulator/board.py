"""Main loop of the emulated BRD2601B and connections of its parts."""

import os
import select
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np

from kwspipe.device.emulator import clocks, core, flash, microphone, uart
from kwspipe.device.emulator.cpu import Cpu, Stop
from kwspipe.device.emulator.elf import load_segments
from kwspipe.device.emulator.gpio import Gpio
from kwspipe.device.emulator.ldma import Dma, RequestSelect
from kwspipe.device.emulator.line import Line
from kwspipe.device.emulator.peripheral import Emit, HardFaultError
from kwspipe.device.emulator.timebase import Clock

DEVINFO = 0x0FE08000
HFRCODPLLCAL_80MHZ = 0x98
# Poll interval while the host does not read.
BLOCKED_POLL_US = 1000
MAX_LOST_BYTES = 4096
# Module and its bit in CLKEN0 or CLKEN1.
GATES = {
    "LDMA": (clocks.CLKEN0, 0),
    "LDMAXBAR": (clocks.CLKEN0, 1),
    "TIMER0": (clocks.CLKEN0, 4),
    "USART0": (clocks.CLKEN0, 9),
    "DPLL0": (clocks.CLKEN0, 17),
    "HFRCO0": (clocks.CLKEN0, 18),
    "HFXO0": (clocks.CLKEN0, 20),
    "GPIO": (clocks.CLKEN0, 26),
    "MSC": (clocks.CLKEN1, 16),
    "EUSART0": (clocks.CLKEN1, 22),
}


@dataclass(frozen=True)
class Settings:
    """Settings of the emulated board.

    Args:
        firmware: the linked firmware, ELF.
        flash_file: file of the flash memory, created if it is missing.
        recording: int16 samples, (samples,), that the microphone plays.
        baud: speed of the host's end of the line; 0 for a line and a flash without delays.
        power_loss_at: the flash operation, counted from 1, at which the power fails once; None for never.
        seed: seed of the flash content after a power loss.
        stays_off: after a power loss the board waits for the command `power_cycle`, else it starts immediately.
        crystal_fails: the crystal does not start.
        loop_fails: the DPLL does not lock.
    """

    firmware: Path
    flash_file: Path
    recording: np.ndarray
    baud: int
    power_loss_at: int | None
    seed: int
    stays_off: bool
    crystal_fails: bool
    loop_fails: bool


class Board:
    """The emulated board from power-on to the end of the process.

    Args:
        settings: the settings.
        line: the serial line to the host.
        emit: reports events.
        commands: called each time the firmware waits, executes the pending commands.
        command_descriptor: file descriptor that is readable if a command is pending; -1 for none.
    """

    def __init__(
        self,
        settings: Settings,
        line: Line,
        emit: Emit,
        commands: Callable[[], None] = lambda: None,
        command_descriptor: int = -1,
    ) -> None:
        self._line = line
        self._emit = emit
        self._restarted = False
        self._stays_off = settings.stays_off
        self._commands = commands
        self._watched = [line.descriptor] + ([command_descriptor] if command_descriptor >= 0 else [])
        self.clock = Clock(paced=settings.baud > 0)
        memory = flash.open_flash_file(settings.flash_file)
        self.flash = _programmed(flash.Flash(memory, self.clock, settings.seed), settings)
        self.cpu = Cpu(memory)
        self.gpio = Gpio(emit)
        crystal = clocks.Crystal()
        crystal.fails = settings.crystal_fails
        dpll = clocks.Dpll(crystal)
        dpll.fails = settings.loop_fails
        self.clocks = clocks.Clocks(crystal, dpll)
        self.core = core.Core(self.clock, self.clocks.core_hz, lambda: self.cpu.instructions, self.cpu.stop)
        select_requests = RequestSelect()
        dma = Dma(select_requests, self.cpu.read_memory, self.cpu.write_memory)
        self.uart = uart.Uart(line, dma, self.clocks, self.clock, settings.baud or 115200, emit)
        self.microphone = microphone.Microphone(
            settings.recording, self.gpio, dma, self.clocks, self.clock, emit
        )
        dma.before_read = self._pump
        self._modules = {
            0x40008000: self.clocks, 0x40010000: clocks.RcOscillator(), 0x4001C000: dpll, 0x4A004000: crystal,
            0x40030000: self.flash, 0x4003C000: self.gpio, 0x40040000: dma, 0x40044000: select_requests,
            0x40048000: clocks.Timer(self.clocks, self.clock), microphone.BASE: self.microphone,
            uart.BASE: self.uart,
        }  # fmt: skip
        self._attach_modules()
        self.cpu.attach(core.BASE, core.SIZE, self.core)
        self.cpu.map_constant(DEVINFO, bytes(HFRCODPLLCAL_80MHZ) + struct.pack("<I", 0xCCF09F40))

    def _attach_modules(self) -> None:
        for base, module in self._modules.items():
            if module.name in GATES:
                self.clocks.gate(module, *GATES[module.name])
            self.cpu.attach(base, 0x4000, module)

    def power_on(self) -> None:
        """Clears the RAM and starts the firmware."""
        self.cpu.power_on()
        self.reset()

    def reset(self) -> None:
        """Restarts the firmware. The RAM keeps its content."""
        for module in (*self._modules.values(), self.core):
            module.reset()
        self.cpu.reset()
        self._restarted = True
        self._emit("start", operations=self.flash.num_operations)

    def run(self) -> NoReturn:
        """Runs until the process ends.

        Raises:
            HardFaultError: if an operation of the firmware would fail on the chip.
        """
        self.power_on()
        while True:
            try:
                stop = self.cpu.run()
            except flash.PowerLossError:
                self._emit("power_loss", operation=self.flash.num_operations)
                self._lose_power()
                continue
            if self.core.reset_requested:
                self._emit("reset")
                self.reset()
            elif stop is Stop.WAITING:
                self._wait()
            else:
                self.cpu.count(self.core.counting)

    def _lose_power(self) -> None:
        self._restarted = False
        while self._stays_off and not self._restarted:
            select.select(self._watched, [], [])
            self._line.receive(MAX_LOST_BYTES)
            self._commands()
        if not self._restarted:
            self.power_on()

    def _wait(self) -> None:
        """Advances the time until an interrupt or a restart ends the wait."""
        if not self.core.can_wake():
            raise HardFaultError("WFI without an enabled interrupt: the board would hang")
        self.microphone.pump()
        self._restarted = False
        self._commands()
        while not self._restarted:
            self.uart.pump()
            self.core.assert_interrupts(self.uart.interrupts())
            if self.core.should_wake():
                return
            self._sleep()
            self.microphone.pump()

    def _sleep(self) -> None:
        events = (self.core.until_tick_us(), self.uart.until_event_us(), self.microphone.until_chunk_us())
        timeout_us = min((event for event in events if event is not None), default=1_000_000)
        # On free time a recording plays as fast as the firmware reads it.
        skips = self.microphone.playing and not self.clock.paced
        if self._line.blocked:
            self._line.send(b"")
            timeout_us = min(timeout_us, BLOCKED_POLL_US)
        start = time.monotonic_ns()
        select.select(self._watched, [], [], 0 if skips else timeout_us / 1e6)
        self.clock.waited(timeout_us if skips else (time.monotonic_ns() - start) // 1000)
        self._commands()

    def _pump(self) -> None:
        """Updates the peripherals for a firmware that polls them without waiting."""
        self.uart.pump()
        if self.clock.paced:
            self.microphone.pump()

    def status(self) -> dict[str, object]:
        """Returns the counters and states of the run."""
        return {
            "flash": self.flash.statistics(),
            "stack_bytes": self.cpu.stack_used_bytes(),
            "core_hz": self.clocks.core_hz(),
            "lights": dict(self.gpio.lights),
            "serial_lost_bytes": self._line.num_lost_bytes,
            "process": os.getpid(),
        }


def _programmed(memory: flash.Flash, settings: Settings) -> flash.Flash:
    """Returns the flash with the firmware programmed."""
    memory.power_loss_at = settings.power_loss_at
    for address, content in load_segments(settings.firmware):
        memory.program_firmware(address, content)
    return memory
