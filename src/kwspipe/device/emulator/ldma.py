"""DMA controller (LDMA) and its request selection (LDMAXBAR): transfers from a peripheral to memory."""

from collections.abc import Callable
from dataclasses import dataclass

from kwspipe.device.emulator.peripheral import HardFaultError, Peripheral

NUM_CHANNELS = 8
EN, CTRL, STATUS, CHEN, CHDIS, CHSTATUS, CHBUSY, CHDONE = 0x04, 0x08, 0x0C, 0x24, 0x28, 0x2C, 0x30, 0x34
DBGHALT, SWREQ, REQDIS, REQPEND, LINKLOAD, REQCLEAR, IF, IEN = 0x38, 0x3C, 0x40, 0x44, 0x48, 0x4C, 0x50, 0x54
CH_CFG, CH_LOOP, CH_CTRL, CH_SRC, CH_DST, CH_LINK = 0x5C, 0x60, 0x64, 0x68, 0x6C, 0x70
CHANNEL_STRIDE = 0x30
RAM_BASE, RAM_END = 0x20000000, 0x20040000
DONE_IEN, LINK_LINK = 1 << 20, 1 << 1


def channel_register(channel: int, register: int) -> int:
    """Returns the offset of a register of a channel, given its offset in channel 0."""
    return register + channel * CHANNEL_STRIDE


@dataclass(frozen=True)
class Control:
    """Control word of a descriptor."""

    num_units: int
    unit_bytes: int
    increments_destination: bool
    sets_flag: bool

    @classmethod
    def decode(cls, word: int) -> "Control":
        """Decodes CHx_CTRL.

        Raises:
            HardFaultError: if the emulator does not support the mode.
        """
        increment = word >> 28 & 3
        if word & 3 or word >> 30 or word >> 24 & 3 != 3 or increment not in (0, 3):
            raise HardFaultError(f"LDMA: descriptor control {word:#010x} is not a plain copy from a register")
        return cls((word >> 4 & 0x7FF) + 1, 1 << (word >> 26 & 3), increment == 0, bool(word & DONE_IEN))


class RequestSelect(Peripheral):
    """LDMAXBAR, which selects the request signal of each channel."""

    def __init__(self) -> None:
        super().__init__("LDMAXBAR", {4 + 4 * channel: 0 for channel in range(NUM_CHANNELS)})

    def channels_of(self, request: int) -> list[int]:
        """Returns the channels that a signal (SOURCESEL << 16 | SIGSEL) is routed to."""
        return [channel for channel in range(NUM_CHANNELS) if self.values[4 + 4 * channel] == request]


class Dma(Peripheral):
    """LDMA, which loads descriptors from RAM and executes them as the peripherals provide data.

    Args:
        select: the request selection.
        read_memory: reads (address, size) from the chip's memory.
        write_memory: writes (address, content) to the chip's memory.

    Attributes:
        before_read: called before the firmware reads a register of a channel.
    """

    def __init__(
        self,
        select: RequestSelect,
        read_memory: Callable[[int, int], bytes],
        write_memory: Callable[[int, bytes], None],
    ) -> None:
        common = (
            EN, CTRL, STATUS, CHEN, CHDIS, CHSTATUS, CHBUSY, CHDONE, DBGHALT, SWREQ, REQDIS, REQPEND, LINKLOAD,
        )  # fmt: skip
        of_channel = (CH_CFG, CH_LOOP, CH_CTRL, CH_SRC, CH_DST, CH_LINK)
        offsets = [channel_register(channel, r) for channel in range(NUM_CHANNELS) for r in of_channel]
        super().__init__("LDMA", dict.fromkeys((*common, REQCLEAR, IF, IEN, *offsets), 0))
        self._select = select
        self._read_memory = read_memory
        self._write_memory = write_memory
        self.before_read: Callable[[], None] = lambda: None

    def _read(self, offset: int) -> int:
        if offset >= CH_CFG:
            self.before_read()  # updates the registers with the data that have arrived
        return super()._read(offset)

    def _write(self, offset: int, value: int) -> None:
        super()._write(offset, value)
        if offset == LINKLOAD:
            for channel in range(NUM_CHANNELS):
                if value >> channel & 1:
                    self._load(channel)
        elif offset == CHEN:
            self.values[CHSTATUS] |= value
        elif offset == CHDIS:
            self.values[CHSTATUS] &= ~value

    def deliver(self, request: int, data_register: int, data: bytes) -> int:
        """Transfers data of a peripheral to the destination of the channel that its request is routed to.

        Args:
            request: the request signal.
            data_register: bus address of the data register, which must be the source in the descriptor.
            data: units in the order of their arrival.

        Returns:
            The number of bytes transferred. It is smaller than the size of the data if no channel is ready.
        """
        if not self.values[EN]:
            return 0
        for channel in self._select.channels_of(request):
            if self.values[CHSTATUS] >> channel & 1:
                return self._run(channel, data_register, data)
        return 0

    def _run(self, channel: int, data_register: int, data: bytes) -> int:
        transferred = 0
        while transferred < len(data) and self.values[CHSTATUS] >> channel & 1:
            word = self.values[channel_register(channel, CH_CTRL)]
            control = Control.decode(word)
            if self.values[channel_register(channel, CH_SRC)] != data_register:
                raise HardFaultError(
                    f"LDMA: channel {channel} reads from another register than {data_register:#010x}"
                )
            count = min(control.num_units, (len(data) - transferred) // control.unit_bytes)
            if count == 0:
                break
            content = data[transferred : transferred + count * control.unit_bytes]
            destination = self.values[channel_register(channel, CH_DST)]
            if control.increments_destination:
                self._write_memory(destination, content)
                self.values[channel_register(channel, CH_DST)] = destination + len(content)
            else:
                self._write_memory(destination, content[-control.unit_bytes :])
            transferred += len(content)
            if count == control.num_units:
                self._finish(channel, control)
            else:
                self.values[channel_register(channel, CH_CTRL)] = word - (count << 4)
        return transferred

    def _finish(self, channel: int, control: Control) -> None:
        if control.sets_flag:
            self.values[IF] |= 1 << channel
        if self.values[channel_register(channel, CH_LINK)] & LINK_LINK:
            self._load(channel)
        else:
            self.values[CHSTATUS] &= ~(1 << channel)
            self.values[CHDONE] |= 1 << channel

    def _load(self, channel: int) -> None:
        address = self.values[channel_register(channel, CH_LINK)] & ~3
        if not RAM_BASE <= address < RAM_END:
            raise HardFaultError(
                f"LDMA: descriptor of channel {channel} at {address:#010x}, which is not in RAM"
            )
        words = self._read_memory(address, 16)
        for i, register in enumerate((CH_CTRL, CH_SRC, CH_DST, CH_LINK)):
            value = int.from_bytes(words[4 * i : 4 * i + 4], "little")
            self.values[channel_register(channel, register)] = value
        self.values[CHSTATUS] |= 1 << channel
