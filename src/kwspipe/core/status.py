"""Status codes of the C core."""

import enum


class Status(enum.IntEnum):
    """Result of a function of the C core, and first byte of each response; defined in ``kws_status.h``."""

    OK = 0
    ERROR_ARGUMENT = -1
    ERROR_SIZE = -2
    ERROR_FORMAT = -3
    ERROR_CHECKSUM = -4
    ERROR_UNSUPPORTED = -5
    ERROR_FLASH = -6
    ERROR_STATE = -7
    ERROR_FULL = -8
