/* What the files of this board know of each other. */
#ifndef BRD2601_H
#define BRD2601_H

#include <stdbool.h>
#include <stdint.h>

#include "common/kws_status.h"
#include "kws_board.h"
#include "registers.h"

enum { PORT_A, PORT_B, PORT_C, PORT_D };

/* Placed in RAM: code that runs while the flash is busy. */
#define RAM_CODE __attribute__((section(".ramfunc"), noinline))

/* Frequencies that clocks_start() reached. */
typedef struct {
    uint32_t core_hz;       /* core, AHB */
    uint32_t peripheral_hz; /* USART0 */
    uint32_t group_hz;      /* EUSART0, TIMER0 */
} clocks_t;

/* Starts the clocks. Falls back to slower ones where the crystal or the loop does not start. */
clocks_t clocks_start(void);

/* Configures a pin; `level` is the output's first level. */
void pin_mode(uint32_t port, uint32_t pin, uint32_t mode, bool level);
void pin_write(uint32_t port, uint32_t pin, bool level);

typedef struct {
    uint32_t control;
    uint32_t source;
    uint32_t destination;
    uint32_t link;
} dma_descriptor_t;

enum { DMA_SERIAL, DMA_MICROPHONE_LEFT, DMA_MICROPHONE_RIGHT };

/* Unit transfers of one descriptor: the most that LDMA can count. */
#define DMA_MAX_UNITS 2048u

void dma_open(void);
/* Fills `descriptors` (in RAM) so that a peripheral register is copied into a ring for ever. */
void dma_make_ring(dma_descriptor_t *descriptors, uint32_t num_descriptors, uint32_t control, uint32_t source,
                   const volatile void *ring, uint32_t bytes_per_descriptor);
void dma_start(uint32_t channel, uint32_t request, const dma_descriptor_t *first);
void dma_stop(uint32_t channel);

void serial_open(const clocks_t *clocks);
uint32_t serial_read(void *context, uint8_t *data, uint32_t size_bytes);
uint32_t serial_write(void *context, const uint8_t *data, uint32_t size_bytes);
/* Whether received bytes wait. */
bool serial_pending(void);
/* Waits until the last byte has left the pin. */
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

/* True on the emulated board, whose counter counts instructions. */
static inline bool board_is_emulated(void) {
    /* Implementer code 0 is reserved for software in Arm's identification registers; silicon reads 0x41, Arm. */
    return SCB_CPUID_IMPLEMENTER(REGISTER(SCB_CPUID)) == 0;
}

#endif
