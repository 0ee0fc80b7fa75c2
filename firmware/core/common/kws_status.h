/* Status codes. Functions of the core return 0 or a count on success and a negative code on failure. */
#ifndef KWS_STATUS_H
#define KWS_STATUS_H

/* python:begin */
typedef enum {
    KWS_OK = 0,
    KWS_ERROR_ARGUMENT = -1,    /* a null pointer, or a value outside its documented range */
    KWS_ERROR_SIZE = -2,        /* a buffer or blob is smaller than its contents require */
    KWS_ERROR_FORMAT = -3,      /* magic, version or a field contradicts the format */
    KWS_ERROR_CHECKSUM = -4,    /* CRC32 or hash differs */
    KWS_ERROR_UNSUPPORTED = -5, /* well formed, but not supported by this build */
    KWS_ERROR_FLASH = -6,       /* erase or write failed, or the data read back differ */
    KWS_ERROR_STATE = -7,       /* the call is not allowed in the present state */
    KWS_ERROR_FULL = -8         /* no space left */
} kws_status_t;
/* python:end */

#endif
