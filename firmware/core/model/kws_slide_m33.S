/* kws_slide for the Cortex-M33: a 3x3 window over the plane of one channel. */
#if defined(__ARM_FEATURE_DSP)

#include "model/kws_kernels_m33.h"

/* Up to four adjacent outputs. r0 position in the plane, r1 step of the output, r2 remaining columns, r3 output, r4 to
 * r7 sums, r8 to r10 values, r11 weights (w0, w1), r12 (w1, w2), lr bytes of a row of the plane.
 *
 * An output at an even position multiplies a pair of values by (w0, w1) and the lower half of the next pair by w2. An
 * output at an odd position multiplies the upper half by w0 and the next pair by (w1, w2). With stride 2 all positions
 * are even. */

/* Stack frame. */
#define TAPS 0     /* six words */
#define CHANNEL 24 /* three or five words */
#define LEFT 44    /* remaining rows, columns */
#define REST 52    /* from the end of a row of the plane to the next row */
#define SLIDE_FRAME 60

    .macro EVEN sum, pair, next, addend
    smlad \sum, \pair, r11, \addend
    smlabt \sum, \next, r12, \sum
    .endm

    .macro ODD sum, pair, next, addend
    smlatb \sum, \pair, r11, \addend
    smlad \sum, \next, r12, \sum
    .endm

    /* One row of the window for `count` outputs. The first row adds to the bias in r7. */
    .macro WINDOW_ROW stride, count, row, s4, s5, s6, s7
    ldrd r11, r12, [sp, #TAPS + 8 * \row]
    .if \stride == 1
    .if \count > 2
    ldm r0, {r8, r9, r10}
    .else
    ldrd r8, r9, [r0]
    .endif
    EVEN r4, r8, r9, \s4
    .if \count > 1
    ODD r5, r8, r9, \s5
    .endif
    .if \count > 2
    EVEN r6, r9, r10, \s6
    .endif
    .if \count > 3
    ODD r7, r9, r10, \s7
    .endif
    .else
    .if \count > 1
    ldm r0, {r8, r9, r10}
    .else
    ldrd r8, r9, [r0]
    .endif
    EVEN r4, r8, r9, \s4
    .if \count > 1
    EVEN r5, r9, r10, \s5
    .endif
    .if \count == 3
    ldr r8, [r0, #12]
    EVEN r6, r10, r8, \s6
    .endif
    .if \count == 4
    ldrd r8, r9, [r0, #12]
    EVEN r6, r10, r8, \s6
    EVEN r7, r8, r9, \s7
    .endif
    .endif
    .endm

    .macro SLIDE_BLOCK form, stride, count
    ldr r7, [sp, #CHANNEL]
    WINDOW_ROW \stride, \count, 0, r7, r7, r7, r7
    add r0, lr
    WINDOW_ROW \stride, \count, 1, r4, r5, r6, r7
    add r0, lr
    WINDOW_ROW \stride, \count, 2, r4, r5, r6, r7
    sub r0, r0, lr, lsl #1
    adds r0, #2 * \stride * \count
    LOAD_CONSTANTS \form, CHANNEL + 4
    STORE_OUTPUTS \form, \count
    .endm

    .macro SLIDE form, stride
    push {r4-r11, lr}
    sub sp, #SLIDE_FRAME
    mov r12, r0
    ldrd r0, lr, [r12, #SLIDE_PLANE]
    ldrd r2, r3, [r12, #SLIDE_WEIGHTS]
    ldmia r2, {r4, r5, r6, r7, r8, r9}
    stmia sp, {r4, r5, r6, r7, r8, r9}
    BEGIN_ROWS \form, \stride, CHANNEL, LEFT, REST

1:  subs r2, #4
    blo 3f
2:  SLIDE_BLOCK \form, \stride, 4
    subs r2, #4
    bhs 2b
3:  adds r2, #4
    beq 7f
    cmp r2, #2
    blo 5f
    beq 6f
    SLIDE_BLOCK \form, \stride, 3
    b 7f
5:  SLIDE_BLOCK \form, \stride, 1
    b 7f
6:  SLIDE_BLOCK \form, \stride, 2

7:  NEXT_ROW LEFT, REST, SLIDE_FRAME
    .endm

    FUNCTION kws_m33_slide_1_positive
    SLIDE positive, 1
    END kws_m33_slide_1_positive

    FUNCTION kws_m33_slide_1_signed
    SLIDE signed, 1
    END kws_m33_slide_1_signed

    FUNCTION kws_m33_slide_2_positive
    SLIDE positive, 2
    END kws_m33_slide_2_positive

    FUNCTION kws_m33_slide_2_signed
    SLIDE signed, 2
    END kws_m33_slide_2_signed

#endif

/* In a build for a PC this file is empty. The section states that no executable stack is required. */
#if defined(__linux__) && defined(__ELF__)
    .section .note.GNU-stack, "", %progbits
#endif
