"""Board communication: serial link, frames, ports, boards, push, and the emulated board."""
