/* kws_add_linear for the Cortex-M33: sum of two tensors. */
#if defined(__ARM_FEATURE_DSP)

#include "model/kws_kernels_m33.h"

/* r0 first input, r1 second input, r2 output, r3 count, r4 and r5 factors, r6 offset, r7 and r8 values. */
    .macro SUM
    ldrsh r7, [r0], #2
    ldrsh r8, [r1], #2
    mla r7, r7, r4, r6
    mla r7, r8, r5, r7
    ssat r7, #8, r7, asr #22 /* KWS_LINEAR_ADD_SHIFT */
    strh r7, [r2], #2
    .endm

    FUNCTION kws_add_linear
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
    END kws_add_linear

#endif

/* In a build for a PC this file is empty. The section states that no executable stack is required. */
#if defined(__linux__) && defined(__ELF__)
    .section .note.GNU-stack, "", %progbits
#endif
