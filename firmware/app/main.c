/* Entry point of every firmware: opens the board, then runs the application. */
#include <stddef.h>

#include "kws_app.h"
#include "kws_board.h"

static kws_app_t app;

int main(int argc, char **argv) {
    const kws_board_t *board = kws_board_open(argc, argv);
    if (board == NULL || kws_app_open(&app, board) != KWS_OK) {
        return 1;
    }
    for (;;) {
        kws_app_step(&app);
    }
}
