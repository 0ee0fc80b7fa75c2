"""The device: serial link, frames, ports, boards and the emulated board."""
