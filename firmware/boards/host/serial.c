/* Serial line over file descriptors: a pseudo-terminal, a socket, or stdin and stdout. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "host.h"

#define BITS_PER_BYTE 10u      /* start bit, 8 data bits, stop bit */
#define MAX_BURST_BYTES 64u  /* that a rate-limited line transfers immediately after an idle period */
#define MAX_PACED_WAIT_MS 1u

/* Bytes that the line could have transferred up to now. */
typedef struct {
    uint64_t since_ns;
    uint32_t bytes;
} pace_t;

static int fd_in;
static int fd_out;
static uint32_t baud;
static pace_t receiving;
static pace_t sending;
static bool blocked; /* the last write was incomplete */

uint64_t host_time_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint32_t allowed_bytes(pace_t *pace, uint32_t wanted) {
    if (baud == 0) {
        return wanted;
    }
    uint64_t now_ns = host_time_ns();
    uint64_t byte_ns = 1000000000u * (uint64_t)BITS_PER_BYTE / baud;
    uint64_t new_bytes = (now_ns - pace->since_ns) / byte_ns;
    if (pace->bytes + new_bytes >= MAX_BURST_BYTES) {
        pace->bytes = MAX_BURST_BYTES;
        pace->since_ns = now_ns;
    } else {
        pace->bytes += (uint32_t)new_bytes;
        pace->since_ns += new_bytes * byte_ns;
    }
    return wanted < pace->bytes ? wanted : pace->bytes;
}

static bool open_pseudo_terminal(void) {
    int controller = posix_openpt(O_RDWR | O_NOCTTY);
    if (controller < 0 || grantpt(controller) != 0 || unlockpt(controller) != 0) {
        perror("pseudo-terminal");
        return false;
    }
    const char *path = ptsname(controller);
    /* This descriptor stays open, so that the line outlives the programs that use it. */
    int terminal = path != NULL ? open(path, O_RDWR | O_NOCTTY) : -1;
    struct termios settings;
    if (terminal < 0 || tcgetattr(terminal, &settings) != 0) {
        perror("pseudo-terminal");
        return false;
    }
    cfmakeraw(&settings);
    tcsetattr(terminal, TCSANOW, &settings);
    printf("port: %s\n", path);
    fflush(stdout);
    fd_in = fd_out = controller;
    return true;
}

bool host_serial_open(const host_options_t *options) {
    fd_in = options->fd_in;
    fd_out = options->fd_out;
    baud = options->baud;
    receiving.since_ns = sending.since_ns = host_time_ns();
    if (options->pseudo_terminal && !open_pseudo_terminal()) {
        return false;
    }
    fcntl(fd_in, F_SETFL, fcntl(fd_in, F_GETFL) | O_NONBLOCK);
    fcntl(fd_out, F_SETFL, fcntl(fd_out, F_GETFL) | O_NONBLOCK);
    return true;
}

uint32_t host_serial_read(void *context, uint8_t *data, uint32_t size_bytes) {
    (void)context;
    uint32_t room = allowed_bytes(&receiving, size_bytes);
    if (room == 0) {
        return 0;
    }
    ssize_t count = read(fd_in, data, room);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR && errno != EIO)) {
        exit(0); /* the other end has closed the line */
    }
    if (count > 0 && baud != 0) {
        receiving.bytes -= (uint32_t)count;
    }
    return count > 0 ? (uint32_t)count : 0;
}

uint32_t host_serial_write(void *context, const uint8_t *data, uint32_t size_bytes) {
    (void)context;
    uint32_t room = allowed_bytes(&sending, size_bytes);
    ssize_t count = room > 0 ? write(fd_out, data, room) : 0;
    if (count < 0 && errno != EAGAIN && errno != EINTR) {
        exit(0);
    }
    uint32_t sent = count > 0 ? (uint32_t)count : 0;
    sending.bytes -= baud != 0 ? sent : 0;
    blocked = sent < size_bytes;
    return sent;
}

void host_serial_idle(void *context, uint32_t max_ms) {
    (void)context;
    struct pollfd waiting[2] = {{.fd = fd_in, .events = POLLIN}, {.fd = fd_out, .events = POLLOUT}};
    if (baud != 0) {
        /* The line is slower than the descriptors: bytes in a descriptor may not have been transferred by the line
         * yet. */
        struct timespec pause = {.tv_nsec = MAX_PACED_WAIT_MS * 1000000};
        int ready = poll(waiting, 1, 0);
        if (ready > 0 || blocked) {
            nanosleep(&pause, NULL);
            return;
        }
    }
    poll(waiting, blocked && baud == 0 ? 2 : 1, (int)max_ms);
}

void host_serial_fds(int *in, int *out) {
    *in = fd_in;
    *out = fd_out;
}
