/* The inner loops of inference for the Cortex-M33's dual multiply-accumulate. They need all 14 registers, which
 * compilers do not manage. kws_kernels.h has the jobs; results and what is read and written are those of
 * kws_kernels_portable.c. */
#if defined(__ARM_FEATURE_DSP)

    .syntax unified
    .thumb
    .text

    .macro FUNCTION name
    .balign 4
    .global \name
    .type \name, %function
    .thumb_func
\name:
    .endm

    .macro END name
    .size \name, . - \name
    .endm

/* From an accumulator to int8: kws_requantize.h. Constants in r8 (multiplier), r9 (offset), for a signed channel also
 * in r10 (correction) and r11 (shift), which then needs r12. */
    .macro REQUANTIZE form, sum
    .ifc \form, positive
    smmla \sum, \sum, r8, r9
    ssat \sum, #8, \sum, asr #11 /* KWS_POSITIVE_SHIFT */
    .else
    and r12, r10, \sum, asr #31
    sub r12, r9, r12
    smmla \sum, \sum, r8, r12
    asr \sum, \sum, r11
    ssat \sum, #8, \sum
    .endif
    .endm

/* ---- Two output channels of two pixels at a time. ----
 *
 * r0, r1 pixels, r2 weights, r3 groups left, r4 to r7 sums (pixel 0: r4, r5; pixel 1: r6, r7), r8 to r11 weights, r12
 * and lr values. */
/* Places in kws_pointwise_t. */
#define JOB_INPUT 0
#define JOB_ADVANCE 4
#define JOB_INPUT_STEP 8
#define JOB_INPUT_ROW_STEP 12
#define JOB_WEIGHTS 16 /* then groups */
#define JOB_OUTPUT 24  /* then the step to the second channel */
#define JOB_OUTPUT_STEP 32
#define JOB_OUTPUT_ROW_STEP 36
#define JOB_ROWS 40    /* then columns */
#define JOB_COLUMNS 44
#define JOB_CHANNELS 48

/* The frame. */
#define BIASES 0           /* two words */
#define WEIGHTS 8          /* pointer, groups */
#define OUTPUT 16          /* pointer, step to the second channel */
#define PIXEL_STEP 24
#define ADVANCE 28
#define PIXEL_PAIRS 32     /* left in the row */
#define ROWS 36            /* left */
#define JOB 40
#define CONSTANTS 44       /* of both channels, from the multiplier on */
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

    .macro LOAD_CONSTANTS form, place
    .ifc \form, positive
    ldrd r8, r9, [sp, #\place]
    .else
    ldrd r8, r9, [sp, #\place]
    ldrd r10, r11, [sp, #\place + 8]
    .endif
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

1:  /* a row: job in r12, its columns in r2, first pixel in r0 */
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
    ands r12, r3, #3 /* groups beyond a multiple of four: enter further down */
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
    ldrd r8, r9, [sp, #PIXEL_STEP] /* and the advance */
    strh r5, [r2, r3] /* the second channel first: it has the first one's place where it is none */
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

    /* an odd column's pixel */
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
    /* half an advance, which leads from behind this pixel to the next but one, to the next */
    ldr r12, [sp, #JOB]
    ldr r1, [r12, #JOB_INPUT_STEP]
    add r0, r9
    sub r0, r1

7:  /* the next row */
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

/* ---- Eight taps, outputs side by side. ----
 *
 * r0 pixels, r1 output, r2 its end, r3 to r6 weights, r7 bias, r8 multiplier, r9 offset, r10 to r12 and lr values. */
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
    and r4, #7 /* how many of the eight below a row skips first */
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

/* ---- A 3x3 window over the plane of one channel. ----
 *
 * Up to four outputs beside each other: r0 the place in the plane, r1 step of the output, r2 columns left, r3 output, r4 to
 * r7 sums, r8 to r10 values, r11 weights (w0, w1), r12 (w1, w2), lr bytes of a row of the plane.
 * An output at an even place takes a pair of values with (w0, w1), then the lower half of the next pair with w2; one at
 * an odd place the upper half with w0, then the next pair with (w1, w2). With stride 2 all places are even. */
/* Places in kws_slide_t. */
#define SLIDE_PLANE 0 /* then bytes of a row */
#define SLIDE_ROW_STEP 8
#define SLIDE_WEIGHTS 12 /* then channel */
#define SLIDE_OUTPUT 20  /* then its step */
#define SLIDE_ROWS 28    /* then columns */

/* The frame. */
#define TAPS 0     /* six words */
#define CHANNEL 24 /* three or five words */
#define LEFT 44    /* rows left, columns */
#define REST 52    /* from behind the last place of a row of the plane to the next row */
#define SLIDE_FRAME 60

    .macro EVEN sum, pair, next, addend
    smlad \sum, \pair, r11, \addend
    smlabt \sum, \next, r12, \sum
    .endm

    .macro ODD sum, pair, next, addend
    smlatb \sum, \pair, r11, \addend
    smlad \sum, \next, r12, \sum
    .endm

    /* One row of the window for `count` outputs; the first row adds to the bias, in r7. */
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
    REQUANTIZE \form, r4
    strh r4, [r3]
    .if \count > 1
    REQUANTIZE \form, r5
    strh r5, [r3, r1]
    .endif
    .if \count > 2
    REQUANTIZE \form, r6
    add r3, r3, r1, lsl #1
    strh r6, [r3]
    .endif
    .if \count > 3
    REQUANTIZE \form, r7
    strh r7, [r3, r1]
    .endif
    .if \count % 2
    add r3, r1
    .else
    add r3, r3, r1, lsl #1
    .endif
    .endm

    .macro SLIDE form, stride
    push {r4-r11, lr}
    sub sp, #SLIDE_FRAME
    mov r12, r0
    ldrd r0, lr, [r12, #SLIDE_PLANE]
    ldrd r2, r3, [r12, #SLIDE_WEIGHTS]
    ldmia r2, {r4, r5, r6, r7, r8, r9}
    stmia sp, {r4, r5, r6, r7, r8, r9}
    ldmia r3!, {r4, r5, r6}
    strd r4, r5, [sp, #CHANNEL]
    str r6, [sp, #CHANNEL + 8]
    .ifc \form, signed
    ldrd r4, r5, [r3]
    strd r4, r5, [sp, #CHANNEL + 12]
    .endif
    ldrd r4, r2, [r12, #SLIDE_ROWS]
    strd r4, r2, [sp, #LEFT]
    ldr r1, [r12, #SLIDE_ROW_STEP]
    sub r1, r1, r2, lsl #\stride
    str r1, [sp, #REST]
    ldrd r3, r1, [r12, #SLIDE_OUTPUT]

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

7:  ldrd r4, r2, [sp, #LEFT]
    ldr r5, [sp, #REST]
    subs r4, #1
    add r0, r5
    str r4, [sp, #LEFT]
    bne 1b
    add sp, #SLIDE_FRAME
    pop {r4-r11, pc}
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

/* ---- The sum of two tensors: kws_add_line. ----
 *
 * r0 first, r1 second, r2 output, r3 count, r4 and r5 factors, r6 offset, r7, r8 values. */
    .macro SUM
    ldrsh r7, [r0], #2
    ldrsh r8, [r1], #2
    mla r7, r7, r4, r6
    mla r7, r8, r5, r7
    ssat r7, #8, r7, asr #22 /* KWS_LINEAR_ADD_SHIFT */
    strh r7, [r2], #2
    .endm

    FUNCTION kws_add_line
    push {r4-r8, lr}
    ldr r7, [sp, #24]
    ldm r7, {r4, r5, r6}
    subs r3, #4
    blo 2f
1:  SUM
    SUM
    SUM
    SUM
    subs r3, #4
    bhs 1b
2:  adds r3, #4
    beq 4f
3:  SUM
    subs r3, #1
    bne 3b
4:  pop {r4-r8, pc}
    END kws_add_line

#endif

/* Where this file is built for a PC it is empty, and wants no executable stack. */
#if defined(__linux__) && defined(__ELF__)
    .section .note.GNU-stack, "", %progbits
#endif
