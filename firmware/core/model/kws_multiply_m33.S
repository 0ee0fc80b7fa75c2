/* kws_pointwise_pair for the Cortex-M33: pixels times the weights of two output channels. */
#if defined(__ARM_FEATURE_DSP)

#include "model/kws_kernels_m33.h"

/* ---- Two output channels of two pixels at a time. ----
 *
 * r0, r1 pixels, r2 weights, r3 remaining groups, r4 to r7 sums (pixel 0: r4, r5; pixel 1: r6, r7), r8 to r11 weights,
 * r12 and lr values. */

/* Stack frame. */
#define BIASES 0           /* two words */
#define WEIGHTS 8          /* pointer, groups */
#define OUTPUT 16          /* pointer, step to the second channel */
#define PIXEL_STEP 24
#define ADVANCE 28
#define PIXEL_PAIRS 32     /* remaining in the row */
#define ROWS 36            /* remaining */
#define JOB 40
#define CONSTANTS 44       /* of both channels, starting with the multiplier */
#define PAIR_FRAME 76

    .macro FOUR_TAPS_TWO_PIXELS
    ldmia r2!, {r8, r9, r10, r11}
    ldrd r12, lr, [r0], #8
    smlad r4, r12, r8, r4
    smlad r5, r12, r10, r5
    smlad r4, lr, r9, r4
    smlad r5, lr, r11, r5
    ldrd r12, lr, [r1], #8
    smlad r6, r12, r8, r6
    smlad r7, r12, r10, r7
    smlad r6, lr, r9, r6
    smlad r7, lr, r11, r7
    .endm

    .macro PAIR form, constant_bytes
    push {r4-r11, lr}
    sub sp, #PAIR_FRAME
    str r0, [sp, #JOB]
    mov r12, r0
    ldr r1, [r12, #JOB_CHANNELS]
    .ifc \form, positive
    ldmia r1, {r2, r3, r4, r5, r6, r7}
    strd r2, r5, [sp, #BIASES]
    strd r3, r4, [sp, #CONSTANTS]
    strd r6, r7, [sp, #CONSTANTS + 8]
    .else
    ldmia r1!, {r2, r3, r4, r5, r6}
    ldmia r1, {r7, r8, r9, r10, r11}
    strd r2, r7, [sp, #BIASES]
    strd r3, r4, [sp, #CONSTANTS]
    strd r5, r6, [sp, #CONSTANTS + 8]
    strd r8, r9, [sp, #CONSTANTS + 16]
    strd r10, r11, [sp, #CONSTANTS + 24]
    .endif
    ldrd r4, r5, [r12, #JOB_WEIGHTS]
    strd r4, r5, [sp, #WEIGHTS]
    ldrd r4, r5, [r12, #JOB_OUTPUT]
    strd r4, r5, [sp, #OUTPUT]
    ldr r4, [r12, #JOB_OUTPUT_STEP]
    ldr r0, [r12, #JOB_INPUT]
    ldr r5, [r12, #JOB_ADVANCE]
    strd r4, r5, [sp, #PIXEL_STEP]
    ldrd r3, r2, [r12, #JOB_ROWS]
    str r3, [sp, #ROWS]

1:  /* row: job in r12, its columns in r2, first pixel in r0 */
    ldr r1, [r12, #JOB_INPUT_STEP]
    add r1, r0
    lsrs r2, #1
    beq 5f
    str r2, [sp, #PIXEL_PAIRS]

2:  /* two pixels */
    ldrd r4, r5, [sp, #BIASES]
    ldrd r2, r3, [sp, #WEIGHTS]
    mov r6, r4
    mov r7, r5
    ands r12, r3, #3 /* remainder modulo four: enter the unrolled loop further down */
    beq 30f
    cmp r12, #2
    beq 32f
    bhi 31f
    b 33f
30: FOUR_TAPS_TWO_PIXELS
31: FOUR_TAPS_TWO_PIXELS
32: FOUR_TAPS_TWO_PIXELS
33: FOUR_TAPS_TWO_PIXELS
    subs r3, #4
    bgt 30b
    LOAD_CONSTANTS \form, CONSTANTS
    REQUANTIZE \form, r4
    REQUANTIZE \form, r6
    LOAD_CONSTANTS \form, CONSTANTS + \constant_bytes
    REQUANTIZE \form, r5
    REQUANTIZE \form, r7
    ldrd r2, r3, [sp, #OUTPUT]
    ldrd r8, r9, [sp, #PIXEL_STEP] /* and the input advance */
    strh r5, [r2, r3] /* the second channel first, because a single channel has the same location for both */
    strh r4, [r2]
    add r2, r8
    strh r7, [r2, r3]
    strh r6, [r2]
    add r2, r8
    str r2, [sp, #OUTPUT]
    add r0, r9
    add r1, r9
    ldr r2, [sp, #PIXEL_PAIRS]
    subs r2, #1
    str r2, [sp, #PIXEL_PAIRS]
    bne 2b

5:  ldr r12, [sp, #JOB]
    ldr r2, [r12, #JOB_COLUMNS]
    tst r2, #1
    beq 7f

    /* last pixel of an odd number of columns */
    ldrd r4, r5, [sp, #BIASES]
    ldrd r2, r3, [sp, #WEIGHTS]
6:  ldmia r2!, {r8, r9, r10, r11}
    ldrd r12, lr, [r0], #8
    smlad r4, r12, r8, r4
    smlad r5, r12, r10, r5
    smlad r4, lr, r9, r4
    smlad r5, lr, r11, r5
    subs r3, #1
    bne 6b
    LOAD_CONSTANTS \form, CONSTANTS
    REQUANTIZE \form, r4
    LOAD_CONSTANTS \form, CONSTANTS + \constant_bytes
    REQUANTIZE \form, r5
    ldrd r2, r3, [sp, #OUTPUT]
    ldrd r8, r9, [sp, #PIXEL_STEP]
    strh r5, [r2, r3]
    strh r4, [r2]
    add r2, r8
    str r2, [sp, #OUTPUT]
    /* The input advance leads from the end of this pixel to the pixel after the next one. Subtracting one step leads to
     * the next pixel. */
    ldr r12, [sp, #JOB]
    ldr r1, [r12, #JOB_INPUT_STEP]
    add r0, r9
    sub r0, r1

7:  /* next row */
    ldr r3, [sp, #ROWS]
    subs r3, #1
    beq 8f
    str r3, [sp, #ROWS]
    ldr r4, [r12, #JOB_INPUT_ROW_STEP]
    ldr r5, [r12, #JOB_OUTPUT_ROW_STEP]
    ldr r2, [sp, #OUTPUT]
    add r0, r4
    add r2, r5
    str r2, [sp, #OUTPUT]
    ldr r2, [r12, #JOB_COLUMNS]
    b 1b

8:  add sp, #PAIR_FRAME
    pop {r4-r11, pc}
    .endm

    FUNCTION kws_m33_pair_positive
    PAIR positive, 8
    END kws_m33_pair_positive

    FUNCTION kws_m33_pair_signed
    PAIR signed, 16
    END kws_m33_pair_signed

/* ---- Eight taps, contiguous outputs. ----
 *
 * r0 pixels, r1 output, r2 end of the output row, r3 to r6 weights, r7 bias, r8 multiplier, r9 offset, r10 to r12 and
 * lr values. */
#define EIGHT_FRAME 20

    .macro EIGHT_TAPS
    ldmia r0!, {r10, r11, r12, lr}
    smlad r10, r10, r3, r7
    smlad r10, r11, r4, r10
    smlad r10, r12, r5, r10
    smlad r10, lr, r6, r10
    REQUANTIZE positive, r10
    strh r10, [r1], #2
    .endm

    FUNCTION kws_m33_eight_positive
    push {r4-r11, lr}
    sub sp, #EIGHT_FRAME
    mov r12, r0
    ldrd r2, r3, [r12, #JOB_ROWS]
    rsb r4, r3, #0
    and r4, #7 /* number of the eight unrolled steps to skip at the start of a row */
    lsls r3, #1 /* bytes of an output row */
    strd r2, r3, [sp]
    ldr r2, [r12, #JOB_INPUT_ROW_STEP]
    ldr r3, [r12, #JOB_OUTPUT_ROW_STEP]
    strd r2, r3, [sp, #8]
    str r4, [sp, #16]
    ldr r10, [r12, #JOB_WEIGHTS]
    ldr r11, [r12, #JOB_CHANNELS]
    ldr r0, [r12, #JOB_INPUT]
    ldr r1, [r12, #JOB_OUTPUT]
    ldrd r3, r4, [r10]
    ldrd r5, r6, [r10, #16]
    ldmia r11, {r7, r8, r9}

1:  ldr r10, [sp, #16]
    ldr r2, [sp, #4]
    add r2, r1
    tbb [pc, r10]
2:  .byte (30f - 2b) / 2, (31f - 2b) / 2, (32f - 2b) / 2, (33f - 2b) / 2
    .byte (34f - 2b) / 2, (35f - 2b) / 2, (36f - 2b) / 2, (37f - 2b) / 2
30: EIGHT_TAPS
31: EIGHT_TAPS
32: EIGHT_TAPS
33: EIGHT_TAPS
34: EIGHT_TAPS
35: EIGHT_TAPS
36: EIGHT_TAPS
37: EIGHT_TAPS
    cmp r1, r2
    blo 30b
    ldr r10, [sp]
    ldrd r11, r12, [sp, #8]
    subs r10, #1
    add r0, r11
    add r1, r12
    str r10, [sp]
    bne 1b
    add sp, #EIGHT_FRAME
    pop {r4-r11, pc}
    END kws_m33_eight_positive

#endif

/* In a build for a PC this file is empty. The section states that no executable stack is required. */
#if defined(__linux__) && defined(__ELF__)
    .section .note.GNU-stack, "", %progbits
#endif
