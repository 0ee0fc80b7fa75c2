# The core as a native process; any C compiler will do.
BOARD_CC := $(or $(shell command -v $(firstword $(CC)) >/dev/null 2>&1 && echo "$(CC)"),$(ZIG_CC))
BOARD_CFLAGS :=
BOARD_LDFLAGS :=
BOARD_SUFFIX :=
BOARD_TARGETS :=
