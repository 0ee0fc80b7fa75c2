# BRD2601B. The compiler is arm-none-eabi-gcc where it is installed, else PyPI's ziglang; TOOLCHAIN=gcc or zig chooses.
TOOLCHAIN ?= $(if $(shell command -v arm-none-eabi-gcc 2>/dev/null),gcc,zig)

BOARD_CFLAGS := -ffreestanding -fno-builtin -fno-unwind-tables -fno-asynchronous-unwind-tables \
	-fstack-usage -ffunction-sections -fdata-sections -g0
ifeq ($(TOOLCHAIN),gcc)
BOARD_CC := arm-none-eabi-gcc -mcpu=cortex-m33 -mthumb -mfloat-abi=hard -mfpu=fpv5-sp-d16
BOARD_LDLIBS := -lgcc
else
BOARD_CC := $(ZIG_CC) -target thumb-freestanding-eabihf -mcpu=cortex_m33+dsp
BOARD_CFLAGS += -fno-sanitize=all
BOARD_LDLIBS :=
endif
BOARD_LDFLAGS := -nostdlib -static -T boards/brd2601/brd2601.ld -Wl,--gc-sections -Wl,--build-id=none \
	-Wl,-e,Reset_Handler $(BOARD_LDLIBS)
BOARD_SUFFIX := .elf

# Objects of two compilers, or made with other flags, do not mix.
TOOLS := $(TOOLCHAIN) $(firstword $(shell cksum < boards/brd2601/board.mk))
ifneq ($(shell cat $(BUILD)/tools 2>/dev/null),$(TOOLS))
$(shell rm -rf $(BUILD)/core $(BUILD)/app $(BUILD)/boards; mkdir -p $(BUILD); echo $(TOOLS) > $(BUILD)/tools)
endif

$(BUILD)/kwspipe.elf: boards/brd2601/brd2601.ld

BOARD_TARGETS := $(BUILD)/kwspipe.s37

$(BUILD)/kwspipe.s37: $(BUILD)/kwspipe.elf boards/brd2601/image.py boards/brd2601/stack.py
	@$(PYTHON) boards/brd2601/image.py $<
	@$(PYTHON) boards/brd2601/stack.py $<
