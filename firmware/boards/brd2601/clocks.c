/* Clocks: 39 MHz crystal, 78 MHz for the core. Not yet run on silicon.
 *
 * If a clock source does not start, the board runs more slowly: with 39 MHz from the crystal if the DPLL does not lock,
 * with 19 MHz from the factory-calibrated RC oscillator if the crystal does not start. */
#include "brd2601.h"

#define HFXO_HZ 39000000u
#define CTUNE 140u        /* of this board, from the vendor's board configuration */
#define CTUNE_XO_DELTA 40u /* the vendor adds it on this chip to compensate an imbalance between the two pins */
#define DPLL_N 3839u      /* 39 MHz * (3839 + 1) / (1919 + 1) = 78 MHz */
#define DPLL_M 1919u
#define DPLL_HZ 78000000u
#define HFRCO_RESET_HZ 19000000u
#define MAX_0WS_HZ 40000000u /* maximum for flash access without wait states */
#define MAX_UNDIVIDED_HZ 40000000u /* PCLK may reach 50 MHz, the radio's clock 40 MHz */
#define DIVIDED (CMU_SYSCLKCTRL_PCLKPRESC_DIV2 | CMU_SYSCLKCTRL_RHCLKPRESC_DIV2)
#define MAX_POLLS 200000u /* over 30 ms at the 20 MHz after reset; oscillators need less than 5 ms */

static bool wait_for_bits(uint32_t address, uint32_t mask, uint32_t value) {
    for (uint32_t i = 0; i < MAX_POLLS; i++) {
        if ((REGISTER(address) & mask) == value) {
            return true;
        }
    }
    return false;
}

static bool start_hfxo(void) {
    const uint32_t ready = HFXO0_STATUS_RDY | HFXO0_STATUS_COREBIASOPTRDY | HFXO0_STATUS_ENS;
    REGISTER(HFXO0_LOCK) = HFXO0_LOCK_UNLOCK;
    SET_BITS(HFXO0_CTRL, HFXO0_CTRL_DISONDEMAND);
    CLEAR_BITS(HFXO0_CTRL, HFXO0_CTRL_FORCEEN);
    if (!wait_for_bits(HFXO0_STATUS, HFXO0_STATUS_ENS, 0)) {
        return false;
    }
    uint32_t tuned = REGISTER(HFXO0_XTALCTRL);
    tuned &= ~((0xFFu << HFXO0_XTALCTRL_CTUNEXI_SHIFT) | (0xFFu << HFXO0_XTALCTRL_CTUNEXO_SHIFT));
    tuned |= (CTUNE << HFXO0_XTALCTRL_CTUNEXI_SHIFT) | ((CTUNE + CTUNE_XO_DELTA) << HFXO0_XTALCTRL_CTUNEXO_SHIFT);
    REGISTER(HFXO0_XTALCTRL) = tuned;
    REGISTER(HFXO0_CTRL) = (REGISTER(HFXO0_CTRL) & ~HFXO0_CTRL_DISONDEMAND) | HFXO0_CTRL_FORCEEN;
    return wait_for_bits(HFXO0_STATUS, ready, ready);
}

static bool lock_dpll(void) {
    const uint32_t outcome = DPLL0_IF_LOCK | DPLL0_IF_LOCKFAILLOW | DPLL0_IF_LOCKFAILHIGH;
    CLEAR_BITS(DPLL0_EN, DPLL0_EN_EN);
    if (!wait_for_bits(DPLL0_EN, DPLL0_EN_DISABLING, 0) ||
        !wait_for_bits(HFRCO0_STATUS, HFRCO0_STATUS_FREQBSY | HFRCO0_STATUS_SYNCBUSY, 0)) {
        return false;
    }
    REGISTER(HFRCO0_CAL) = HFRCO0_CAL_80MHZ | (REGISTER(DEVINFO_HFRCODPLLCAL_80MHZ) & HFRCO0_CAL_TUNING_MASK);
    REGISTER(CMU_DPLLREFCLKCTRL) = CMU_DPLLREFCLKCTRL_HFXO;
    REGISTER(DPLL0_CFG1) = (DPLL_N << DPLL0_CFG1_N_SHIFT) | DPLL_M;
    REGISTER(DPLL0_CFG) = DPLL0_CFG_AUTORECOVER;
    CLEAR_BITS(DPLL0_IF, outcome);
    SET_BITS(DPLL0_EN, DPLL0_EN_EN);
    for (uint32_t i = 0; i < MAX_POLLS; i++) {
        uint32_t flags = REGISTER(DPLL0_IF) & outcome;
        if (flags != 0) {
            return flags == DPLL0_IF_LOCK;
        }
    }
    return false;
}

clocks_t clocks_start(void) {
    SET_BITS(CMU_CLKEN0, CMU_CLKEN0_HFXO0 | CMU_CLKEN0_HFRCO0 | CMU_CLKEN0_DPLL0 | CMU_CLKEN0_GPIO | CMU_CLKEN0_LDMA |
                             CMU_CLKEN0_LDMAXBAR | CMU_CLKEN0_TIMER0 | CMU_CLKEN0_USART0);
    SET_BITS(CMU_CLKEN1, CMU_CLKEN1_MSC | CMU_CLKEN1_EUSART0);
    /* These settings are safe at any core clock. The DPLL overshoots while it locks, so the core must not use it
     * yet. */
    REGISTER(CMU_SYSCLKCTRL) = CMU_SYSCLKCTRL_CLKSEL_FSRCO | DIVIDED;
    REGISTER(MSC_LOCK) = MSC_LOCK_UNLOCK;
    REGISTER(MSC_READCTRL) = MSC_READCTRL_WS1;

    uint32_t source = CMU_SYSCLKCTRL_CLKSEL_HFRCODPLL;
    uint32_t group = CMU_EM01GRPCLKCTRL_HFRCODPLL;
    clocks_t clocks = {.core_hz = HFRCO_RESET_HZ, .group_hz = HFRCO_RESET_HZ};
    uint32_t reset_calibration = REGISTER(HFRCO0_CAL);
    if (start_hfxo()) {
        group = CMU_EM01GRPCLKCTRL_HFXO;
        clocks.group_hz = HFXO_HZ;
        if (lock_dpll()) {
            clocks.core_hz = DPLL_HZ;
        } else {
            CLEAR_BITS(DPLL0_EN, DPLL0_EN_EN);
            REGISTER(HFRCO0_CAL) = reset_calibration;
            source = CMU_SYSCLKCTRL_CLKSEL_HFXO;
            clocks.core_hz = HFXO_HZ;
        }
    }
    bool divided = clocks.core_hz > MAX_UNDIVIDED_HZ;
    clocks.peripheral_hz = divided ? clocks.core_hz / 2 : clocks.core_hz;
    REGISTER(CMU_EM01GRPACLKCTRL) = group;
    REGISTER(CMU_EM01GRPCCLKCTRL) = group;
    REGISTER(CMU_EUSART0CLKCTRL) = CMU_EUSART0CLKCTRL_EM01GRPCCLK;
    REGISTER(CMU_SYSCLKCTRL) = source | (divided ? DIVIDED : 0);
    if (clocks.core_hz <= MAX_0WS_HZ) {
        REGISTER(MSC_READCTRL) = 0;
    }
    REGISTER(MSC_LOCK) = MSC_LOCK_LOCK;
    return clocks;
}
