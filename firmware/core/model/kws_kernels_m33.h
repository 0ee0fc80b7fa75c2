/* What the Cortex-M33's loops in assembly share; included by them alone. Each of them needs all 14 registers, which
 * compilers do not manage. Results, and what is read and written, are those of kws_kernels_portable.c. */
#ifndef KWS_KERNELS_M33_H
#define KWS_KERNELS_M33_H

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

/* Places in kws_slide_t. */
#define SLIDE_PLANE 0    /* then bytes of a row */
#define SLIDE_ROW_STEP 8
#define SLIDE_WEIGHTS 12 /* then channel */
#define SLIDE_CHANNEL 16
#define SLIDE_OUTPUT 20  /* then its step */
#define SLIDE_ROWS 28    /* then columns */

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

    /* A channel's constants from the frame into r8 on. */
    .macro LOAD_CONSTANTS form, place
    .ifc \form, positive
    ldrd r8, r9, [sp, #\place]
    .else
    ldrd r8, r9, [sp, #\place]
    ldrd r10, r11, [sp, #\place + 8]
    .endif
    .endm

    /* One to four sums, in r4 to r7, become outputs at r3, r1 bytes apart; r3 goes on to the next. */
    .macro STORE_OUTPUTS form, count
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

    /* Begins rows of outputs, the job in r12 and its channel in r3: bias and constants into the frame at \channel,
     * rows left and columns at \left, at \rest from behind the last place of a row of the plane to the next row; then
     * r2 has the columns, r3 the output, r1 its step. */
    .macro BEGIN_ROWS form, stride, channel, left, rest
    ldmia r3!, {r4, r5, r6}
    strd r4, r5, [sp, #\channel]
    str r6, [sp, #\channel + 8]
    .ifc \form, signed
    ldrd r4, r5, [r3]
    strd r4, r5, [sp, #\channel + 12]
    .endif
    ldrd r4, r2, [r12, #SLIDE_ROWS]
    strd r4, r2, [sp, #\left]
    ldr r1, [r12, #SLIDE_ROW_STEP]
    sub r1, r1, r2, lsl #\stride
    str r1, [sp, #\rest]
    ldrd r3, r1, [r12, #SLIDE_OUTPUT]
    .endm

    /* Goes back to label 1 with the next row's place in r0 and its columns in r2, or returns. */
    .macro NEXT_ROW left, rest, frame
    ldrd r4, r2, [sp, #\left]
    ldr r5, [sp, #\rest]
    subs r4, #1
    add r0, r5
    str r4, [sp, #\left]
    bne 1b
    add sp, #\frame
    pop {r4-r11, pc}
    .endm

#endif
