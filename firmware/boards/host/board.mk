# The firmware as a native process. Any C compiler can build it.
BOARD_CC := $(or $(shell command -v $(firstword $(CC)) >/dev/null 2>&1 && echo "$(CC)"),$(ZIG_CC))
BOARD_CFLAGS := -D_DEFAULT_SOURCE -D_XOPEN_SOURCE=600 -D_DARWIN_C_SOURCE
BOARD_LDFLAGS :=
BOARD_SUFFIX :=
BOARD_TARGETS :=
