"""GPIO: LEDs, supply of the microphones, and routes of the serial modules to pins."""

from kwspipe.device.emulator.peripheral import Emit, Peripheral

PORTS = "ABCD"
MODEL, MODEH, DOUT, DIN = 0x34, 0x3C, 0x40, 0x44
PORT_STRIDE = 0x30
EUSART0_ROUTEEN, EUSART0_RXROUTE, EUSART0_TXROUTE = 0x494, 0x4A4, 0x4AC
USART0_ROUTEEN, USART0_CSROUTE, USART0_RXROUTE, USART0_CLKROUTE = 0x720, 0x724, 0x730, 0x734
PUSHPULL = 4
# BRD2601B: the LEDs are active low, the supply of the microphones is active high.
LIGHTS = {"red": ("D", 2), "green": ("A", 4), "blue": ("B", 0)}
MICROPHONE_SUPPLY = ("C", 8)


class Gpio(Peripheral):
    """GPIO with the ports A to D and the routes of the serial modules.

    Args:
        emit: reports `light` with colour and state when an LED changes.

    Attributes:
        lights: states of the LEDs by colour.
    """

    def __init__(self, emit: Emit) -> None:
        ports = [offset + i * PORT_STRIDE for i in range(len(PORTS)) for offset in (MODEL, MODEH, DOUT, DIN)]
        routes = (EUSART0_ROUTEEN, EUSART0_RXROUTE, EUSART0_TXROUTE, USART0_ROUTEEN, USART0_CSROUTE,
                  USART0_RXROUTE, USART0_CLKROUTE)  # fmt: skip
        super().__init__("GPIO", dict.fromkeys((*ports, *routes), 0))
        self._emit = emit
        self.lights = dict.fromkeys(LIGHTS, False)

    def _reset(self) -> None:
        self._report_lights()

    def _write(self, offset: int, value: int) -> None:
        super()._write(offset, value)
        self._report_lights()

    def _drives(self, pin: tuple[str, int], level: int) -> bool:
        base = PORTS.index(pin[0]) * PORT_STRIDE
        modes = self.values[base + (MODEL if pin[1] < 8 else MODEH)]
        mode = modes >> 4 * (pin[1] % 8) & 0xF
        return mode == PUSHPULL and self.values[base + DOUT] >> pin[1] & 1 == level

    def _report_lights(self) -> None:
        for colour, pin in LIGHTS.items():
            on = self._drives(pin, 0)
            if on != self.lights[colour]:
                self.lights[colour] = on
                self._emit("light", colour=colour, on=on)

    @property
    def microphone_supplied(self) -> bool:
        """True if the supply of the microphones is on."""
        return self._drives(MICROPHONE_SUPPLY, 1)

    def routed(self, enable: int, pins: dict[int, int], bits: int) -> bool:
        """Returns whether a module is routed to the pins that the board uses.

        Args:
            enable: the ROUTEEN register of the module.
            pins: the required value of each route register.
            bits: the bits of ROUTEEN that must be set.
        """
        is_routed = all(self.values[register] == value for register, value in pins.items())
        return is_routed and self.values[enable] & bits == bits
