/* Modules of the board. */
#ifndef BRD2601_H
#define BRD2601_H

#include <stdbool.h>
#include <stdint.h>

#include "common/kws_status.h"
#include "kws_board.h"
#include "registers.h"

enum { PORT_A, PORT_B, PORT_C, PORT_D };

/* Places a function in RAM, because it runs while the flash is busy. */
#define RAM_CODE __attribute__((section(".ramfunc"), noinline))

/* Frequencies that clocks_start() has reached. */
typedef struct {
    uint32_t core_hz;       /* core, AHB */
    uint32_t peripheral_hz; /* USART0 */
    uint32_t group_hz;      /* EUSART0, TIMER0 */
} clocks_t;

/* Starts the clocks. Selects slower clocks if the crystal or the DPLL does not start. */
clocks_t clocks_start(void);

/* Configures a pin. `level` is the initial output level. */
void pin_mode(uint32_t port, uint32_t pin, uint32_t mode, bool level);
void pin_write(uint32_t port, uint32_t pin, bool level);

typedef struct {
    uint32_t control;
    uint32_t source;
    uint32_t destination;
    uint32_t link;
} dma_descriptor_t;

enum { DMA_SERIAL, DMA_MICROPHONE_LEFT, DMA_MICROPHONE_RIGHT };

/* Unit transfers per descriptor, the maximum of the LDMA counter. */
#define DMA_MAX_UNITS 2048u

void dma_open(void);
/* Fills `descriptors` (in RAM) for the continuous transfer of a peripheral register to a ring buffer. */
void dma_make_ring(dma_descriptor_t *descriptors, uint32_t num_descriptors, uint32_t control, uint32_t source,
                   const volatile void *ring, uint32_t bytes_per_descriptor);
void dma_start(uint32_t channel, uint32_t request, const dma_descriptor_t *first);
void dma_stop(uint32_t channel);

void serial_open(const clocks_t *clocks);
uint32_t serial_read(void *context, uint8_t *data, uint32_t size_bytes);
uint32_t serial_write(void *context, const uint8_t *data, uint32_t size_bytes);
/* Returns whether received bytes are available. */
bool serial_pending(void);
/* Waits until the last byte has been transmitted. */
void serial_flush(void);

void microphone_open(const clocks_t *clocks);
int microphone_start(void *context, uint32_t sample_rate_hz);
uint32_t microphone_read(void *context, int16_t *samples, uint32_t num_samples);
bool microphone_pending(void);

void leds_open(void);
void leds_set(void *context, kws_led_t led, bool on);

void flash_open(kws_flash_t *flash);

void time_open(const clocks_t *clocks);
uint32_t time_ms(void *context);
uint32_t time_cycles(void *context);
/* Stops the cycle counter until the next call of time_cycles(). */
void time_stop_cycles(void);
/* Waits for an interrupt: a received byte, room to send, or the 10 ms tick. */
void time_wait(void);

/* Returns true on the emulated board, whose counter counts instructions. */
static inline bool board_is_emulated(void) {
    /* Arm's identification registers reserve implementer code 0 for software. On silicon the code is 0x41, Arm. */
    return SCB_CPUID_IMPLEMENTER(REGISTER(SCB_CPUID)) == 0;
}

#endif
