/* Microphones: ICS-43434, I2S on USART0. Only the left one is used. Not yet run on silicon.
 *
 * USART0 keeps the upper 16 bits of the 24-bit samples, as in the vendor's driver. Full scale is preserved, so no
 * clipping is required. DMA transfers the samples to a ring buffer. */
#include "brd2601.h"

#define RX_PIN 4u
#define CLK_PIN 3u
#define CS_PIN 5u
#define ENABLE_PORT PORT_C
#define ENABLE_PIN 8u
#define SAMPLE_RATE_HZ 16000u
#define BITS_PER_FRAME 64u /* two words of 32 bits */
#define NUM_DESCRIPTORS 4u
#define RING_SAMPLES (NUM_DESCRIPTORS * DMA_MAX_UNITS) /* 512 ms */
#define RING_MS (RING_SAMPLES * 1000u / SAMPLE_RATE_HZ)
/* Slightly more than the samples per millisecond: with the slowest clock of clocks.c the divider is 3 % off. */
#define MAX_SAMPLES_PER_MS 17u

static volatile int16_t ring[RING_SAMPLES];
static dma_descriptor_t left[NUM_DESCRIPTORS];
static volatile int16_t right_sample;
static dma_descriptor_t right;
static uint32_t clock_divider;
static uint32_t read_index;
static uint32_t num_unread; /* at the last call, at last_read_ms */
static uint32_t last_read_ms;
static bool running;

void microphone_open(const clocks_t *clocks) {
    pin_mode(ENABLE_PORT, ENABLE_PIN, GPIO_MODE_PUSHPULL, false);
    pin_mode(PORT_D, RX_PIN, GPIO_MODE_INPUT, false);
    pin_mode(PORT_D, CLK_PIN, GPIO_MODE_PUSHPULL, false);
    pin_mode(PORT_D, CS_PIN, GPIO_MODE_PUSHPULL, false);
    REGISTER(GPIO_USART0_RXROUTE) = GPIO_ROUTE(PORT_D, RX_PIN);
    REGISTER(GPIO_USART0_CLKROUTE) = GPIO_ROUTE(PORT_D, CLK_PIN);
    REGISTER(GPIO_USART0_CSROUTE) = GPIO_ROUTE(PORT_D, CS_PIN);
    REGISTER(GPIO_USART0_ROUTEEN) = GPIO_ROUTEEN_RX | GPIO_ROUTEEN_CLK | GPIO_ROUTEEN_CS;

    /* The bit clock is clock / (2 (1 + CLKDIV / 256)). In this mode only integer dividers are exact: 39 MHz divided by
     * 2 * 19 gives 16,036 samples per second, 0.23 % too fast. */
    uint32_t bit_clock_hz = SAMPLE_RATE_HZ * BITS_PER_FRAME;
    clock_divider = (clocks->peripheral_hz + bit_clock_hz) / (2u * bit_clock_hz);
    dma_make_ring(left, NUM_DESCRIPTORS, LDMA_CTRL_SIZE_HALFWORD, USART0_RXDOUBLE, ring,
                  DMA_MAX_UNITS * (uint32_t)sizeof ring[0]);
    dma_make_ring(&right, 1, LDMA_CTRL_SIZE_HALFWORD | LDMA_CTRL_DSTINC_NONE, USART0_RXDOUBLE, &right_sample, 0);
}

static uint32_t write_index(void) {
    return (REGISTER(LDMA_CH_DST(DMA_MICROPHONE_LEFT)) - (uint32_t)ring) / (uint32_t)sizeof ring[0] % RING_SAMPLES;
}

static void stop(void) {
    REGISTER(USART0_EN) = 0;
    dma_stop(DMA_MICROPHONE_LEFT);
    dma_stop(DMA_MICROPHONE_RIGHT);
    pin_write(ENABLE_PORT, ENABLE_PIN, false);
    running = false;
}

int microphone_start(void *context, uint32_t sample_rate_hz) {
    if (sample_rate_hz != 0 && sample_rate_hz != SAMPLE_RATE_HZ) {
        return KWS_ERROR_UNSUPPORTED;
    }
    if (running) {
        stop();
    }
    if (sample_rate_hz == 0) {
        return KWS_OK;
    }
    pin_write(ENABLE_PORT, ENABLE_PIN, true);
    REGISTER(USART0_EN) = 1;
    REGISTER(USART0_CTRL) = USART0_CTRL_SYNC | USART0_CTRL_MSBF | USART0_CTRL_AUTOTX;
    REGISTER(USART0_FRAME) = USART0_FRAME_16BITS;
    REGISTER(USART0_CLKDIV) = (clock_divider - 1u) << 8;
    REGISTER(USART0_I2SCTRL) =
        USART0_I2SCTRL_EN | USART0_I2SCTRL_DMASPLIT | USART0_I2SCTRL_DELAY | USART0_I2SCTRL_W32D16;
    REGISTER(USART0_CMD) = USART0_CMD_CLEARRX | USART0_CMD_CLEARTX;
    dma_start(DMA_MICROPHONE_RIGHT, LDMAXBAR_USART0_RXDATAVRIGHT, &right);
    dma_start(DMA_MICROPHONE_LEFT, LDMAXBAR_USART0_RXDATAV, left);
    REGISTER(USART0_CMD) = USART0_CMD_MASTEREN | USART0_CMD_TXEN | USART0_CMD_RXEN;
    read_index = 0;
    num_unread = 0;
    last_read_ms = time_ms(context);
    running = true;
    return KWS_OK;
}

bool microphone_pending(void) {
    return running && write_index() != read_index;
}

/* Returns whether DMA may have overwritten the ring since the last call. */
static bool overrun(uint32_t now_ms) {
    uint32_t elapsed_ms = now_ms - last_read_ms;
    return elapsed_ms >= RING_MS || num_unread + elapsed_ms * MAX_SAMPLES_PER_MS >= RING_SAMPLES;
}

uint32_t microphone_read(void *context, int16_t *samples, uint32_t num_samples) {
    if (!running) {
        return 0;
    }
    uint32_t now_ms = time_ms(context);
    uint32_t end = write_index();
    if (overrun(now_ms)) {
        read_index = end; /* continue with the newest samples, because the unread ones may be overwritten */
    }
    uint32_t taken = 0;
    for (; taken < num_samples && read_index != end; taken++) {
        samples[taken] = ring[read_index];
        read_index = (read_index + 1) % RING_SAMPLES;
    }
    num_unread = (end - read_index) % RING_SAMPLES;
    last_read_ms = now_ms;
    return taken;
}
