/* Registers of EFR32MG24 and Cortex-M33 that this firmware uses.
 *
 * Sources: addresses, bit positions and keys from the vendor's headers efr32mg24b310f1536im48.h and efr32mg24_*.h of
 * gecko_sdk 4.4; limits and the order of steps from its em_cmu.c, em_eusart.c, em_ldma.c and em_msc.c; core registers
 * from the Armv8-M Architecture Reference Manual. Not yet run on silicon.
 *
 * Peripherals are accessed at their secure addresses, because the chip starts in the secure state and stays in it. Each
 * peripheral register has three aliases: writing to +0x1000 sets, to +0x2000 clears and to +0x3000 toggles the bits
 * written as 1. */
#ifndef BRD2601_REGISTERS_H
#define BRD2601_REGISTERS_H

#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define SET_BITS(address, bits) (REGISTER((address) + 0x1000u) = (bits))
#define CLEAR_BITS(address, bits) (REGISTER((address) + 0x2000u) = (bits))

/* Clock management: enables and sources of the module clocks. */
#define CMU_CLKEN0 0x40008064u
#define CMU_CLKEN0_LDMA (1u << 0)
#define CMU_CLKEN0_LDMAXBAR (1u << 1)
#define CMU_CLKEN0_TIMER0 (1u << 4)
#define CMU_CLKEN0_USART0 (1u << 9)
#define CMU_CLKEN0_DPLL0 (1u << 17)
#define CMU_CLKEN0_HFRCO0 (1u << 18)
#define CMU_CLKEN0_HFXO0 (1u << 20)
#define CMU_CLKEN0_GPIO (1u << 26)
#define CMU_CLKEN1 0x40008068u
#define CMU_CLKEN1_MSC (1u << 16)
#define CMU_CLKEN1_EUSART0 (1u << 22)
#define CMU_SYSCLKCTRL 0x40008070u
#define CMU_SYSCLKCTRL_CLKSEL_MASK 7u
#define CMU_SYSCLKCTRL_CLKSEL_FSRCO 1u
#define CMU_SYSCLKCTRL_CLKSEL_HFRCODPLL 2u
#define CMU_SYSCLKCTRL_CLKSEL_HFXO 3u
#define CMU_SYSCLKCTRL_PCLKPRESC_DIV2 (1u << 10) /* PCLK may not exceed 50 MHz */
#define CMU_SYSCLKCTRL_RHCLKPRESC_DIV2 (1u << 16) /* the radio's clock may not exceed 40 MHz */
#define CMU_DPLLREFCLKCTRL 0x40008100u
#define CMU_DPLLREFCLKCTRL_HFXO 1u
#define CMU_EM01GRPACLKCTRL 0x40008120u /* TIMER0 */
#define CMU_EM01GRPCCLKCTRL 0x40008128u /* EUSART0 */
#define CMU_EM01GRPCLKCTRL_HFRCODPLL 1u
#define CMU_EM01GRPCLKCTRL_HFXO 2u
#define CMU_EUSART0CLKCTRL 0x40008220u
#define CMU_EUSART0CLKCTRL_EM01GRPCCLK 1u

/* Crystal oscillator. */
#define HFXO0_XTALCTRL 0x4A004018u
#define HFXO0_XTALCTRL_CTUNEXI_SHIFT 8
#define HFXO0_XTALCTRL_CTUNEXO_SHIFT 16
#define HFXO0_CTRL 0x4A004028u
#define HFXO0_CTRL_FORCEEN (1u << 16)
#define HFXO0_CTRL_DISONDEMAND (1u << 24)
#define HFXO0_STATUS 0x4A004058u
#define HFXO0_STATUS_RDY (1u << 0)
#define HFXO0_STATUS_COREBIASOPTRDY (1u << 1)
#define HFXO0_STATUS_ENS (1u << 16)
#define HFXO0_LOCK 0x4A004080u
#define HFXO0_LOCK_UNLOCK 22542u

/* RC oscillator and the DPLL that locks it to the crystal. */
#define HFRCO0_CAL 0x40010008u
#define HFRCO0_CAL_80MHZ 0xCCF09F00u /* the vendor's setting of the band from 72.6 to 80 MHz, without TUNING */
#define HFRCO0_CAL_TUNING_MASK 0x7Fu
#define DEVINFO_HFRCODPLLCAL_80MHZ 0x0FE08098u /* factory calibration; TUNING has the same position as in CAL */
#define HFRCO0_STATUS 0x4001000Cu
#define HFRCO0_STATUS_FREQBSY (1u << 1)
#define HFRCO0_STATUS_SYNCBUSY (1u << 2)
#define DPLL0_EN 0x4001C004u
#define DPLL0_EN_EN (1u << 0)
#define DPLL0_EN_DISABLING (1u << 1)
#define DPLL0_CFG 0x4001C008u
#define DPLL0_CFG_AUTORECOVER (1u << 2)
#define DPLL0_CFG1 0x4001C00Cu
#define DPLL0_CFG1_N_SHIFT 16
#define DPLL0_IF 0x4001C010u
#define DPLL0_IF_LOCK (1u << 0)
#define DPLL0_IF_LOCKFAILLOW (1u << 1)
#define DPLL0_IF_LOCKFAILHIGH (1u << 2)

/* Pins. The ports A to D are 0x30 apart. The mode has four bits per pin. */
#define GPIO_PORT_MODEL(port) (0x4003C034u + (port) * 0x30u) /* pins 0 to 7 */
#define GPIO_PORT_MODEH(port) (0x4003C03Cu + (port) * 0x30u) /* pins 8 to 15 */
#define GPIO_PORT_DOUT(port) (0x4003C040u + (port) * 0x30u)
#define GPIO_MODE_INPUT 1u
#define GPIO_MODE_PUSHPULL 4u
#define GPIO_EUSART0_ROUTEEN 0x4003C494u
#define GPIO_EUSART0_RXROUTE 0x4003C4A4u
#define GPIO_EUSART0_TXROUTE 0x4003C4ACu
#define GPIO_USART0_ROUTEEN 0x4003C720u
#define GPIO_USART0_CSROUTE 0x4003C724u
#define GPIO_USART0_RXROUTE 0x4003C730u
#define GPIO_USART0_CLKROUTE 0x4003C734u
#define GPIO_ROUTEEN_CS (1u << 0)
#define GPIO_ROUTEEN_RX (1u << 2)
#define GPIO_ROUTEEN_CLK (1u << 3)
#define GPIO_ROUTEEN_TX (1u << 4)
#define GPIO_ROUTE(port, pin) ((uint32_t)(port) | ((uint32_t)(pin) << 16))

/* EUSART0: serial line. */
#define EUSART0_EN 0x4B010004u
#define EUSART0_CFG0 0x4B010008u /* 0: asynchronous, 16 times oversampled */
#define EUSART0_CFG1 0x4B01000Cu
#define EUSART0_CFG1_TXFIW_8FRAMES (7u << 16) /* TXFL: space for 8 frames; RXFIW remains 0, RXFL: one frame received */
#define EUSART0_FRAMECFG 0x4B010014u
#define EUSART0_FRAMECFG_8N1 ((2u << 0) | (1u << 12))
#define EUSART0_CLKDIV 0x4B010030u
#define EUSART0_CLKDIV_MASK 0x007FFFF8u
#define EUSART0_CMD 0x4B010038u
#define EUSART0_CMD_RXEN (1u << 0)
#define EUSART0_CMD_TXEN (1u << 2)
#define EUSART0_RXDATA 0x4B01003Cu
#define EUSART0_TXDATA 0x4B010044u
#define EUSART0_STATUS 0x4B010048u
#define EUSART0_STATUS_TXIDLE (1u << 13)
#define EUSART0_STATUS_TXFCNT(status) (((status) >> 16) & 31u)
#define EUSART0_TX_FIFO_FRAMES 16u
#define EUSART0_IF 0x4B01004Cu
#define EUSART0_IEN 0x4B010050u
#define EUSART0_IF_TXFL (1u << 1)
#define EUSART0_IF_RXFL (1u << 2)
#define EUSART0_SYNCBUSY 0x4B010054u

/* USART0: I2S microphone. */
#define USART0_EN 0x4005C004u
#define USART0_CTRL 0x4005C008u
#define USART0_CTRL_SYNC (1u << 0)
#define USART0_CTRL_MSBF (1u << 10)
#define USART0_CTRL_AUTOTX (1u << 29) /* generates the clock for reception without data to send */
#define USART0_FRAME 0x4005C00Cu
#define USART0_FRAME_16BITS ((13u << 0) | (1u << 12))
#define USART0_CMD 0x4005C014u
#define USART0_CMD_RXEN (1u << 0)
#define USART0_CMD_TXEN (1u << 2)
#define USART0_CMD_MASTEREN (1u << 4)
#define USART0_CMD_CLEARTX (1u << 10)
#define USART0_CMD_CLEARRX (1u << 11)
#define USART0_CLKDIV 0x4005C01Cu
#define USART0_RXDOUBLE 0x4005C02Cu
#define USART0_I2SCTRL 0x4005C054u
#define USART0_I2SCTRL_EN (1u << 0)
#define USART0_I2SCTRL_DMASPLIT (1u << 3) /* separate transfer requests for left and right */
#define USART0_I2SCTRL_DELAY (1u << 4)    /* data one clock after the word clock, as specified by I2S */
#define USART0_I2SCTRL_W32D16 (3u << 8)   /* upper 16 bits of a 32-bit word */

/* DMA. The channels are 0x30 apart. A descriptor is four words in RAM: CTRL, SRC, DST, LINK. */
#define LDMA_EN 0x40040004u
#define LDMA_CTRL 0x40040008u
#define LDMA_CHDIS 0x40040028u
#define LDMA_CHDONE 0x40040034u
#define LDMA_LINKLOAD 0x40040048u
#define LDMA_CH_CFG(channel) (0x4004005Cu + (channel) * 0x30u)
#define LDMA_CH_LOOP(channel) (0x40040060u + (channel) * 0x30u)
#define LDMA_CH_DST(channel) (0x4004006Cu + (channel) * 0x30u)
#define LDMA_CH_LINK(channel) (0x40040070u + (channel) * 0x30u)
#define LDMA_CTRL_XFERCNT(units) (((units)-1u) << 4) /* at most 2048 units */
#define LDMA_CTRL_SRCINC_NONE (3u << 24)
#define LDMA_CTRL_SIZE_HALFWORD (1u << 26)
#define LDMA_CTRL_DSTINC_NONE (3u << 28)
#define LDMA_LINK_LINK (1u << 1)
#define LDMAXBAR_CH_REQSEL(channel) (0x40044004u + (channel) * 4u)
#define LDMAXBAR_EUSART0_RXFL ((15u << 16) | 0u)
#define LDMAXBAR_USART0_RXDATAV ((4u << 16) | 0u)
#define LDMAXBAR_USART0_RXDATAVRIGHT ((4u << 16) | 1u)

/* TIMER0, 32 bits wide: time. */
#define TIMER0_CFG 0x40048004u
#define TIMER0_CFG_PRESC_DIV1024 (1023u << 18)
#define TIMER0_CMD 0x4004800Cu
#define TIMER0_CMD_START (1u << 0)
#define TIMER0_TOP 0x4004801Cu
#define TIMER0_CNT 0x40048024u
#define TIMER0_EN 0x40048030u

/* Flash controller. */
#define MSC_READCTRL 0x40030004u
#define MSC_READCTRL_WS1 (1u << 20) /* for a core clock above 40 MHz */
#define MSC_WRITECTRL 0x4003000Cu
#define MSC_WRITECTRL_WREN (1u << 0)
#define MSC_WRITECMD 0x40030010u
#define MSC_WRITECMD_ERASEPAGE (1u << 1)
#define MSC_WRITECMD_WRITEEND (1u << 2)
#define MSC_ADDRB 0x40030014u
#define MSC_WDATA 0x40030018u
#define MSC_STATUS 0x4003001Cu
#define MSC_STATUS_BUSY (1u << 0)
#define MSC_STATUS_LOCKED (1u << 1)
#define MSC_STATUS_INVADDR (1u << 2)
#define MSC_STATUS_WDATAREADY (1u << 3)
#define MSC_STATUS_PENDING (1u << 5)
#define MSC_STATUS_TIMEOUT (1u << 6)
#define MSC_STATUS_REGLOCK (1u << 16)
#define MSC_LOCK 0x4003003Cu
#define MSC_LOCK_UNLOCK 7025u
#define MSC_LOCK_LOCK 0u

/* Core registers of the Cortex-M33. */
#define DWT_CTRL 0xE0001000u
#define DWT_CTRL_CYCCNTENA (1u << 0)
#define DWT_CYCCNT 0xE0001004u
#define SYST_CSR 0xE000E010u
#define SYST_CSR_ENABLE_TICKINT_CORE 7u
#define SYST_RVR 0xE000E014u
#define SYST_CVR 0xE000E018u
#define NVIC_ISER0 0xE000E100u
#define NVIC_ICPR0 0xE000E280u
#define NVIC_EUSART0_RX (1u << 11)
#define NVIC_EUSART0_TX (1u << 12)
#define SCB_CPUID 0xE000ED00u
#define SCB_CPUID_IMPLEMENTER(cpuid) ((cpuid) >> 24)
#define SCB_ICSR 0xE000ED04u
#define SCB_ICSR_PENDSTCLR (1u << 25)
#define SCB_VTOR 0xE000ED08u
#define SCB_AIRCR 0xE000ED0Cu
#define SCB_AIRCR_SYSRESETREQ 0x05FA0004u /* with the write key */
#define SCB_CFSR 0xE000ED28u
#define SCB_HFSR 0xE000ED2Cu
#define SCB_BFAR 0xE000ED38u
#define SCB_CPACR 0xE000ED88u
#define SCB_CPACR_FPU (0xFu << 20)
#define DCB_DEMCR 0xE000EDFCu
#define DCB_DEMCR_TRCENA (1u << 24)

#endif
