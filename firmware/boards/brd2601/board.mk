# BRD2601B. If PYTHON has the PyPI package ziglang, its compiler is used, because its output is identical on every
# machine. Otherwise arm-none-eabi-gcc is used if it is installed. TOOLCHAIN=zig or gcc overrides the choice.
HAS_ZIG := $(shell $(PYTHON) -c 'import importlib.util as i; print(i.find_spec("ziglang") and 1 or "")' 2>/dev/null)
TOOLCHAIN ?= $(if $(HAS_ZIG),zig,$(if $(shell command -v arm-none-eabi-gcc 2>/dev/null),gcc,zig))

BOARD_CFLAGS := -ffreestanding -fno-builtin -fno-unwind-tables -fno-asynchronous-unwind-tables \
	-fstack-usage -ffunction-sections -fdata-sections -g0
ifeq ($(TOOLCHAIN),gcc)
BOARD_CC := arm-none-eabi-gcc -mcpu=cortex-m33 -mthumb -mfloat-abi=hard -mfpu=fpv5-sp-d16
BOARD_LDLIBS := -lgcc
else
BOARD_CC := $(ZIG_CC) -target thumb-freestanding-eabihf -mcpu=cortex_m33+dsp
# The critical loops are in assembly. Compared with -O2, an inference executes no more instructions, and the code is 22
# kB smaller.
BOARD_CFLAGS += -fno-sanitize=all -Os
BOARD_LDLIBS := -O2 # linking with -Os would remove the symbols that stack.py reads
endif
BOARD_LDFLAGS := -nostdlib -static -T boards/brd2601/brd2601.ld -Wl,--gc-sections -Wl,--build-id=none \
	-Wl,-e,Reset_Handler $(BOARD_LDLIBS)
BOARD_SUFFIX := .elf

# Objects of different compilers or flags must not be mixed.
TOOLS := $(TOOLCHAIN) $(firstword $(shell cksum < boards/brd2601/board.mk))
ifneq ($(shell cat $(BUILD)/tools 2>/dev/null),$(TOOLS))
$(shell mkdir -p $(BUILD); find $(BUILD) -name '*.o' -delete; echo $(TOOLS) > $(BUILD)/tools)
endif

$(BUILD)/kwspipe.elf: boards/brd2601/brd2601.ld

BOARD_TARGETS := $(BUILD)/kwspipe.s37

$(BUILD)/kwspipe.s37: $(BUILD)/kwspipe.elf boards/brd2601/image.py boards/brd2601/stack.py
	@$(PYTHON) boards/brd2601/image.py $<
	@$(PYTHON) boards/brd2601/stack.py $<
