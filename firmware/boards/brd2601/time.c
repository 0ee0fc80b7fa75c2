/* Time, cycle counter and waiting. Not yet run on silicon. */
#include "brd2601.h"

#define TICK_MS 10u

static uint32_t timer_khz;
static uint32_t last_count;
static uint32_t elapsed_ms;
static uint32_t count_remainder;
static bool counting;

void time_open(const clocks_t *clocks) {
    timer_khz = clocks->group_hz / 1000u;
    REGISTER(TIMER0_CFG) = TIMER0_CFG_PRESC_DIV1024;
    REGISTER(TIMER0_EN) = 1;
    REGISTER(TIMER0_TOP) = 0xFFFFFFFFu;
    REGISTER(TIMER0_CMD) = TIMER0_CMD_START;

    /* A pending interrupt ends WFI even if PRIMASK disables its handler. The 10 ms tick ensures that the main loop runs
     * if no other interrupt ends the wait. */
    REGISTER(SYST_RVR) = clocks->core_hz / 1000u * TICK_MS - 1u;
    REGISTER(SYST_CVR) = 0;
    REGISTER(SYST_CSR) = SYST_CSR_ENABLE_TICKINT_CORE;
    REGISTER(NVIC_ISER0) = NVIC_EUSART0_RX | NVIC_EUSART0_TX;
}

uint32_t time_ms(void *context) {
    (void)context;
    uint32_t count = REGISTER(TIMER0_CNT);
    /* There is no overflow if less than 100 s pass between two calls. The main loop calls this function
     * continuously. */
    count_remainder += (count - last_count) * 1024u;
    last_count = count;
    elapsed_ms += count_remainder / timer_khz;
    count_remainder %= timer_khz;
    return elapsed_ms;
}

uint32_t time_cycles(void *context) {
    (void)context;
    if (!counting) {
        counting = true;
        REGISTER(DCB_DEMCR) |= DCB_DEMCR_TRCENA;
        REGISTER(DWT_CTRL) |= DWT_CTRL_CYCCNTENA;
    }
    return REGISTER(DWT_CYCCNT);
}

void time_stop_cycles(void) {
    if (counting) {
        counting = false;
        REGISTER(DWT_CTRL) &= ~DWT_CTRL_CYCCNTENA;
    }
}

void time_wait(void) {
    __asm volatile("dsb\n wfi" ::: "memory");
    CLEAR_BITS(EUSART0_IF, EUSART0_IF_RXFL | EUSART0_IF_TXFL);
    REGISTER(NVIC_ICPR0) = NVIC_EUSART0_RX | NVIC_EUSART0_TX;
    REGISTER(SCB_ICSR) = SCB_ICSR_PENDSTCLR;
}
