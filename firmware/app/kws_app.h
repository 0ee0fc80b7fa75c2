/* The application, identical on every board: keyword spotting with the active model, and requests of the host. */
#ifndef KWS_APP_H
#define KWS_APP_H

#include "kws_app_state.h"

/* Starts the application on a board. The caller sets all of `app` to zero before. Returns KWS_OK, or KWS_ERROR_ARGUMENT
 * if the flash geometry of the board is invalid. */
int32_t kws_app_open(kws_app_t *app, const kws_board_t *board);

/* Runs one iteration of the main loop. Waits if there is no work. */
void kws_app_step(kws_app_t *app);

#endif
