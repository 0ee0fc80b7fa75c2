/* Serial line: EUSART0 on PA5 and PA6, 115200 baud 8N1, connected to the virtual COM port. Not yet run on silicon.
 *
 * DMA transfers received bytes to a ring buffer in RAM, also while the processor computes or the flash is busy. */
#include "brd2601.h"

#define BAUD 115200u
#define TX_PIN 5u
#define RX_PIN 6u
#define RING_BYTES (2u * DMA_MAX_UNITS)
#define MAX_POLLS 100000u

static volatile uint8_t ring[RING_BYTES];
static dma_descriptor_t descriptors[2];
static uint32_t read_index;

static void wait_for_sync(void) {
    for (uint32_t i = 0; i < MAX_POLLS && REGISTER(EUSART0_SYNCBUSY) != 0; i++) {
    }
}

void serial_open(const clocks_t *clocks) {
    pin_mode(PORT_A, TX_PIN, GPIO_MODE_PUSHPULL, true);
    pin_mode(PORT_A, RX_PIN, GPIO_MODE_INPUT, false);
    REGISTER(GPIO_EUSART0_TXROUTE) = GPIO_ROUTE(PORT_A, TX_PIN);
    REGISTER(GPIO_EUSART0_RXROUTE) = GPIO_ROUTE(PORT_A, RX_PIN);
    REGISTER(GPIO_EUSART0_ROUTEEN) = GPIO_ROUTEEN_TX | GPIO_ROUTEEN_RX;

    REGISTER(EUSART0_FRAMECFG) = EUSART0_FRAMECFG_8N1;
    REGISTER(EUSART0_CFG0) = 0;
    REGISTER(EUSART0_CFG1) = EUSART0_CFG1_TXFIW_8FRAMES;
    SET_BITS(EUSART0_EN, 1);
    /* baud = clock / (16 (1 + CLKDIV / 256)), rounded to nearest */
    uint32_t divisor = (clocks->group_hz * 16u + BAUD / 2) / BAUD;
    REGISTER(EUSART0_CLKDIV) = (divisor - 256u + 4u) & EUSART0_CLKDIV_MASK;
    wait_for_sync();
    dma_make_ring(descriptors, 2, 0, EUSART0_RXDATA, ring, DMA_MAX_UNITS);
    dma_start(DMA_SERIAL, LDMAXBAR_EUSART0_RXFL, descriptors);
    REGISTER(EUSART0_CMD) = EUSART0_CMD_RXEN | EUSART0_CMD_TXEN;
    wait_for_sync();
    REGISTER(EUSART0_IEN) = EUSART0_IF_RXFL;
}

static uint32_t write_index(void) {
    /* Between two descriptors the destination is briefly one past the end. */
    return (REGISTER(LDMA_CH_DST(DMA_SERIAL)) - (uint32_t)ring) % RING_BYTES;
}

bool serial_pending(void) {
    return write_index() != read_index;
}

uint32_t serial_read(void *context, uint8_t *data, uint32_t size_bytes) {
    (void)context;
    uint32_t taken = 0;
    for (uint32_t end = write_index(); taken < size_bytes && read_index != end; taken++) {
        data[taken] = ring[read_index];
        read_index = (read_index + 1) % RING_BYTES;
    }
    return taken;
}

uint32_t serial_write(void *context, const uint8_t *data, uint32_t size_bytes) {
    (void)context;
    uint32_t sent = 0;
    uint32_t room = EUSART0_TX_FIFO_FRAMES;
    /* The FIFO transmits bytes during this loop, so the space is read again. */
    while (sent < size_bytes && room > 0) {
        room = EUSART0_TX_FIFO_FRAMES - EUSART0_STATUS_TXFCNT(REGISTER(EUSART0_STATUS));
        for (uint32_t i = 0; i < room && sent < size_bytes; i++) {
            REGISTER(EUSART0_TXDATA) = data[sent++];
        }
    }
    /* The interrupt for free space is enabled only if not all bytes were written. */
    if (sent < size_bytes) {
        CLEAR_BITS(EUSART0_IF, EUSART0_IF_TXFL);
        SET_BITS(EUSART0_IEN, EUSART0_IF_TXFL);
    } else {
        CLEAR_BITS(EUSART0_IEN, EUSART0_IF_TXFL);
    }
    return sent;
}

void serial_flush(void) {
    while ((REGISTER(EUSART0_STATUS) & EUSART0_STATUS_TXIDLE) == 0) {
    }
}
