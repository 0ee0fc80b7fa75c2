/* DMA controller (LDMA): ring buffers that peripherals fill without the processor. Not yet run on silicon. */
#include "brd2601.h"

void dma_open(void) {
    REGISTER(LDMA_EN) = 1;
    REGISTER(LDMA_CTRL) = 0; /* round-robin arbitration for all channels */
    REGISTER(LDMA_CHDIS) = 0xFF;
}

void dma_make_ring(dma_descriptor_t *descriptors, uint32_t num_descriptors, uint32_t control, uint32_t source,
                   const volatile void *ring, uint32_t bytes_per_descriptor) {
    for (uint32_t i = 0; i < num_descriptors; i++) {
        uint32_t next = i + 1 < num_descriptors ? i + 1 : 0;
        descriptors[i].control = control | LDMA_CTRL_XFERCNT(DMA_MAX_UNITS) | LDMA_CTRL_SRCINC_NONE;
        descriptors[i].source = source;
        descriptors[i].destination = (uint32_t)ring + i * bytes_per_descriptor;
        descriptors[i].link = (uint32_t)&descriptors[next] | LDMA_LINK_LINK;
    }
}

void dma_start(uint32_t channel, uint32_t request, const dma_descriptor_t *first) {
    __asm volatile("dsb" ::: "memory"); /* the descriptors must be in RAM before the controller reads them */
    REGISTER(LDMAXBAR_CH_REQSEL(channel)) = request;
    REGISTER(LDMA_CH_LOOP(channel)) = 0;
    REGISTER(LDMA_CH_CFG(channel)) = 0;
    REGISTER(LDMA_CH_LINK(channel)) = (uint32_t)first;
    CLEAR_BITS(LDMA_CHDONE, 1u << channel);
    REGISTER(LDMA_LINKLOAD) = 1u << channel;
}

void dma_stop(uint32_t channel) {
    REGISTER(LDMA_CHDIS) = 1u << channel;
}
