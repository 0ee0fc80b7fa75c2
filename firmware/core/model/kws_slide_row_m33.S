/* kws_slide for the Cortex-M33: a one-row window with an odd number of adjacent values. */
#if defined(__ARM_FEATURE_DSP)

#include "model/kws_kernels_m33.h"

/* Up to four adjacent outputs. r0 position in the plane, r1 step of the output, r2 remaining columns, r3 output, r4 to
 * r7 sums, r8 and r9 pairs of values, r10 weights of an even position, r11 weights of an odd position, r12 next
 * weights, lr remaining pairs.
 *
 * The last pair of the window has one excess value, which lies in the row of the plane. Its weight is zero. With stride
 * 2 all positions are even. */

/* Offsets in row_job_t. */
#define ROW_SLIDE 0 /* followed by num_pairs */
#define ROW_PAIRS 8

/* Stack frame. */
#define PAIRS 0    /* address, then number */
#define CHANNEL 8  /* three or five words */
#define LEFT 28    /* remaining rows, columns */
#define REST 36    /* from the end of a row of the plane to the next row */
#define PAIR_BYTES 40 /* of a window */
#define ROW_FRAME 44

    .macro ROW_BLOCK form, stride, count
    ldr r4, [sp, #CHANNEL]
    ldrd r12, lr, [sp, #PAIRS]
    .if \count > 1
    mov r5, r4
    .endif
    .if \count > 2
    mov r6, r4
    mov r7, r4
    .endif
8:  subs lr, #1
    .if \count > 3 - \stride /* the last outputs read one more pair */
    ldrd r8, r9, [r0], #4
    .else
    ldr r8, [r0], #4
    .endif
    .if \stride == 1
    ldrd r10, r11, [r12], #8
    smlad r4, r8, r10, r4
    .if \count > 1
    smlad r5, r8, r11, r5
    .endif
    .if \count > 2
    smlad r6, r9, r10, r6
    smlad r7, r9, r11, r7
    .endif
    .else
    ldr r10, [r12], #8
    smlad r4, r8, r10, r4
    .if \count > 1
    smlad r5, r9, r10, r5
    .endif
    .endif
    bne 8b
    ldr r8, [sp, #PAIR_BYTES]
    subs r0, r0, r8
    adds r0, #2 * \stride * \count
    LOAD_CONSTANTS \form, CHANNEL + 4
    STORE_OUTPUTS \form, \count
    .endm

    .macro SLIDE_ROW form, stride
    push {r4-r11, lr}
    sub sp, #ROW_FRAME
    ldrd r12, lr, [r0, #ROW_SLIDE]
    adds r0, #ROW_PAIRS
    strd r0, lr, [sp, #PAIRS]
    lsl lr, lr, #2
    str lr, [sp, #PAIR_BYTES]
    ldr r3, [r12, #SLIDE_CHANNEL]
    BEGIN_ROWS \form, \stride, CHANNEL, LEFT, REST
    ldr r0, [r12, #SLIDE_PLANE]

1:  .if \stride == 1
    subs r2, #4
    blo 3f
2:  ROW_BLOCK \form, \stride, 4
    subs r2, #4
    bhs 2b
3:  adds r2, #4
    .endif
    subs r2, #2
    blo 5f
4:  ROW_BLOCK \form, \stride, 2
    subs r2, #2
    bhs 4b
5:  adds r2, #2
    beq 6f
    ROW_BLOCK \form, \stride, 1

6:  NEXT_ROW LEFT, REST, ROW_FRAME
    .endm

    FUNCTION kws_m33_slide_row_1_positive
    SLIDE_ROW positive, 1
    END kws_m33_slide_row_1_positive

    FUNCTION kws_m33_slide_row_1_signed
    SLIDE_ROW signed, 1
    END kws_m33_slide_row_1_signed

    FUNCTION kws_m33_slide_row_2_positive
    SLIDE_ROW positive, 2
    END kws_m33_slide_row_2_positive

    FUNCTION kws_m33_slide_row_2_signed
    SLIDE_ROW signed, 2
    END kws_m33_slide_row_2_signed

#endif

/* In a build for a PC this file is empty. The section states that no executable stack is required. */
#if defined(__linux__) && defined(__ELF__)
    .section .note.GNU-stack, "", %progbits
#endif
