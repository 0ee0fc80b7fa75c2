/* CRC32 of model images, flash slots and serial frames. */
#ifndef KWS_CRC32_H
#define KWS_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* python:begin */
/* Returns the IEEE 802.3 CRC32 (reflected polynomial 0xEDB88320, as in zlib) of `size` bytes. `crc` is 0 for a new
 * checksum. To continue a checksum, pass the previous result as `crc`. */
uint32_t kws_crc32(uint32_t crc, const void *data, size_t size);
/* python:end */

#endif
