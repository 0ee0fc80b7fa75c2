/* Definitions shared by the assembly loops for the Cortex-M33. Each loop uses all 14 registers, which compilers do not
 * achieve. Results and memory accesses are the same as in kws_kernels_portable.c. */
#ifndef KWS_KERNELS_M33_H
#define KWS_KERNELS_M33_H

/* Offsets in kws_pointwise_t. */
#define JOB_INPUT 0
#define JOB_ADVANCE 4
#define JOB_INPUT_STEP 8
#define JOB_INPUT_ROW_STEP 12
#define JOB_WEIGHTS 16 /* followed by num_groups */
#define JOB_OUTPUT 24  /* followed by channel_step */
#define JOB_OUTPUT_STEP 32
#define JOB_OUTPUT_ROW_STEP 36
#define JOB_ROWS 40    /* followed by num_columns */
#define JOB_COLUMNS 44
#define JOB_CHANNELS 48

/* Offsets in kws_slide_t. */
#define SLIDE_PLANE 0    /* followed by row_bytes */
#define SLIDE_ROW_STEP 8
#define SLIDE_WEIGHTS 12 /* followed by channel */
#define SLIDE_CHANNEL 16
#define SLIDE_OUTPUT 20  /* followed by output_step */
#define SLIDE_ROWS 28    /* followed by num_columns */

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

/* Requantizes an accumulator to int8, see kws_requantize.h. The multiplier is in r8 and the offset in r9. A signed
 * channel also requires the correction in r10 and the shift in r11, and overwrites r12. */
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

    /* Loads the constants of a channel from the stack frame into r8 and the following registers. */
    .macro LOAD_CONSTANTS form, place
    .ifc \form, positive
    ldrd r8, r9, [sp, #\place]
    .else
    ldrd r8, r9, [sp, #\place]
    ldrd r10, r11, [sp, #\place + 8]
    .endif
    .endm

    /* Requantizes one to four sums in r4 to r7 and stores them at r3, r1 bytes apart. Advances r3 to the next
     * output. */
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

    /* Starts the rows of outputs. Inputs: the job in r12 and its channel in r3. Stores bias and constants in the frame
     * at \channel, the number of remaining rows and the columns at \left, and at \rest the distance from the end of a
     * row of the plane to the next row. Outputs: the columns in r2, the output in r3, its step in r1. */
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

    /* Jumps back to label 1 with the position of the next row in r0 and its columns in r2, or returns after the last
     * row. */
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
