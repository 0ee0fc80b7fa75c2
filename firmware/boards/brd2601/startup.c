/* Startup code: vector table, memory initialization, floating point unit and stack painting, then main().
 *
 * No interrupt handler ever runs: PRIMASK stays set, all data are transferred by DMA, and a pending interrupt only ends
 * a wait (time.c). Therefore there is one thread of control, on silicon and in the emulator. Not yet run on silicon. */
#include "brd2601.h"

#define STACK_PAINT 0xA5A5A5A5u
#define NUM_VECTORS (16 + 76)

/* Defined by the linker script. */
extern uint32_t linker_stack_limit[], linker_stack_top[];
extern uint32_t linker_data_begin[], linker_data_end[], linker_data_load[];
extern uint32_t linker_ramfunc_begin[], linker_ramfunc_end[], linker_ramfunc_load[];
extern uint32_t linker_bss_begin[], linker_bss_end[];

int main(int argc, char **argv);
void Reset_Handler(void);

/* Fault registers of the last fault. They survive the following reset, so that a debugger can read them. */
struct {
    uint32_t cfsr, hfsr, bfar;
} last_fault __attribute__((section(".noinit")));

static void fault(void) {
    last_fault.cfsr = REGISTER(SCB_CFSR);
    last_fault.hfsr = REGISTER(SCB_HFSR);
    last_fault.bfar = REGISTER(SCB_BFAR);
    REGISTER(SCB_AIRCR) = SCB_AIRCR_SYSRESETREQ;
    for (;;) {
    }
}

typedef union {
    uint32_t *stack;
    void (*handler)(void);
} vector_t;

__attribute__((section(".vectors"), used)) static const vector_t vectors[NUM_VECTORS] = {
    {.stack = linker_stack_top}, {.handler = Reset_Handler}, {.handler = fault}, {.handler = fault},
    {.handler = fault},          {.handler = fault},         {.handler = fault}, {.handler = fault},
};

static void copy_words(uint32_t *to, const uint32_t *end, const uint32_t *from) {
    while (to < end) {
        *to++ = *from++;
    }
}

__attribute__((noinline)) static void start(void) {
    uint32_t *here = __builtin_frame_address(0);
    for (uint32_t *word = linker_stack_limit; word < here - 16; word++) {
        *word = STACK_PAINT;
    }
    copy_words(linker_ramfunc_begin, linker_ramfunc_end, linker_ramfunc_load);
    copy_words(linker_data_begin, linker_data_end, linker_data_load);
    for (uint32_t *word = linker_bss_begin; word < linker_bss_end; word++) {
        *word = 0;
    }
    (void)main(0, 0);
    REGISTER(SCB_AIRCR) = SCB_AIRCR_SYSRESETREQ;
    for (;;) {
    }
}

__attribute__((used)) void Reset_Handler(void) {
    __asm volatile("cpsid i" ::: "memory");
    /* A stack that grows below its limit causes a fault immediately. */
    __asm volatile("msr msplim, %0" ::"r"(linker_stack_limit) : "memory");
    REGISTER(SCB_VTOR) = (uint32_t)vectors;
    REGISTER(SCB_CPACR) |= SCB_CPACR_FPU;
    __asm volatile("dsb\n isb" ::: "memory");
    start();
}
