/* Operators of a model image, internal to the core.
 *
 * Activations are stored in the arena as int16 with int8 values, in the order height x width x channels. The batch size
 * is one. The dual multiply-accumulate of the Cortex-M33 takes pairs of 16-bit values, so no kernel has to unpack
 * activations. */
#ifndef KWS_PROGRAM_H
#define KWS_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "model/kws_model.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the model image is read in place, and is little-endian"
#endif

typedef enum {
    KWS_KIND_CONVOLVE = 1,         /* CONV_2D, FULLY_CONNECTED */
    KWS_KIND_DEPTHWISE = 2,        /* DEPTHWISE_CONV_2D, and CONV_2D with a single input channel */
    KWS_KIND_EXPAND_DEPTHWISE = 3, /* CONV_2D 1x1 and the following depthwise convolution, one channel at a time */
    KWS_KIND_ADD = 4,              /* two tensors of equal shape */
    KWS_KIND_TABLE = 5,            /* any function of one int8 value: 256 entries */
    KWS_KIND_AVERAGE_POOL = 6,
    KWS_KIND_MAX_POOL = 7,
    KWS_KIND_MEAN = 8, /* over height and width */
    KWS_KIND_SOFTMAX = 9,
    KWS_KIND_PAD = 10
} kws_kind_t;

/* Flags of an operator. */
#define KWS_FLAG_POSITIVE 1u        /* requantization with kws_requantize_positive, otherwise kws_requantize_signed */
#define KWS_FLAG_EXPAND_POSITIVE 2u /* the same for the 1x1 convolution of EXPAND_DEPTHWISE */
#define KWS_FLAG_DIRECT 4u          /* CONVOLVE: 1x1 without padding, reads its input in place */
#define KWS_FLAG_TAPS_3X3 8u        /* depthwise 3x3, horizontal stride 1 or 2: weights as six pairs */
#define KWS_FLAG_LINEAR 16u         /* ADD: two multiplications, otherwise tables */

/* Operator as stored in the image. Fields named *_offset are byte offsets in the arena. Fields named *_constants are
 * byte offsets in the constants section. A kind ignores
 * the fields that it does not use, and the compiler sets them to zero. */
typedef struct {
    uint16_t kind;
    uint16_t flags;
    uint16_t input_height, input_width, input_channels;
    uint16_t output_height, output_width, output_channels;
    uint16_t kernel_height, kernel_width;
    uint16_t stride_height, stride_width;
    uint16_t dilation_height, dilation_width;
    uint16_t pad_top, pad_left; /* padding at the right and bottom follows from the output size */
    int16_t pad_value;
    uint16_t middle_channels; /* EXPAND_DEPTHWISE: channels between its two parts */
    uint32_t input_offset;
    uint32_t second_offset; /* ADD: second input */
    uint32_t output_offset;
    uint32_t scratch_offset;
    uint32_t weights_constants; /* CONVOLVE, depthwise: weights; TABLE, SOFTMAX: table; ADD, MEAN: all constants */
    uint32_t channels_constants;
    uint32_t expand_weights_constants;
    uint32_t expand_channels_constants;
} kws_operator_t;

_Static_assert(sizeof(kws_operator_t) == 68, "the image has operators of 68 bytes");

/* Requantization constants of an output channel in two forms. See kws_requantize.h. */
typedef struct {
    int32_t bias;
    int32_t multiplier;
    int32_t offset;
} kws_positive_channel_t;

typedef struct {
    int32_t bias;
    int32_t multiplier;
    int32_t offset;
    int32_t correction;
    int32_t shift;
} kws_signed_channel_t;

/* Constants of ADD with KWS_FLAG_LINEAR. Without the flag, the constants are two tables of 256 int32 and a
 * kws_signed_channel_t. */
typedef struct {
    int32_t first_factor;
    int32_t second_factor;
    int32_t offset;
} kws_linear_add_t;

typedef struct {
    int32_t factor; /* multiplies the sum before the bias is added */
    kws_signed_channel_t channel;
} kws_mean_t;

/* These limits keep every product in range. The compiler rejects models that exceed them. */
#define KWS_MAX_EXTENT 4096u         /* height, width, channels, kernel */
#define KWS_MAX_STEP 255u            /* stride, dilation, padding */
#define KWS_MAX_WORK (1u << 28)      /* multiply-accumulates per inference */
#define KWS_MAX_SOFTMAX_CHANNELS 256u

/* Padded plane of one channel, the input of a depthwise convolution. */
typedef struct {
    uint32_t height;
    uint32_t width;
    uint32_t row_stride;  /* elements, even */
    uint32_t num_rows;    /* rows and columns of the input inside the plane */
    uint32_t num_columns;
} kws_plane_t;

kws_plane_t kws_padded_plane(const kws_operator_t *op);

/* Returns the weights per output channel of a convolution, rounded up to groups of four. */
static inline uint32_t kws_padded_taps(const kws_operator_t *op) {
    const uint32_t taps = (uint32_t)op->kernel_height * op->kernel_width * op->input_channels;
    return (taps + 3u) & ~3u;
}

/* Returns KWS_OK if every access of the operator lies inside the arena and the constants. Adds the multiply-accumulates
 * of the operator to `work`. */
int32_t kws_operator_check(const kws_operator_t *op, const kws_model_t *model, uint64_t *work);

/* Returns the operator `index` in the image. */
const kws_operator_t *kws_operator_at(const kws_model_t *model, uint32_t index);

/* Kernels. The offsets of the operator are relative to `arena` and `constants`. */
void kws_run_convolve(const kws_operator_t *op, uint8_t *arena, const uint8_t *constants);
void kws_run_depthwise(const kws_operator_t *op, uint8_t *arena, const uint8_t *constants);
void kws_run_expand_depthwise(const kws_operator_t *op, uint8_t *arena, const uint8_t *constants);
void kws_run_add(const kws_operator_t *op, uint8_t *arena, const uint8_t *constants);
void kws_run_table(const kws_operator_t *op, uint8_t *arena, const uint8_t *constants);
void kws_run_pad(const kws_operator_t *op, uint8_t *arena);
void kws_run_average_pool(const kws_operator_t *op, uint8_t *arena);
void kws_run_max_pool(const kws_operator_t *op, uint8_t *arena);
void kws_run_mean(const kws_operator_t *op, uint8_t *arena, const uint8_t *constants);
void kws_run_softmax(const kws_operator_t *op, uint8_t *arena, const uint8_t *constants);

#endif
