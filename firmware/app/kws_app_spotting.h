/* Keyword spotting with the active model: audio input, inference, detection events and LEDs. */
#ifndef KWS_APP_SPOTTING_H
#define KWS_APP_SPOTTING_H

#include "kws_app_state.h"

/* Resets the spotter and starts it with the active model. Starts the microphone if the board has one. Without an active
 * model the application is idle. */
void kws_app_start_spotting(kws_app_t *app);

/* Passes one block of microphone samples to the spotter. Returns whether the spotter consumed samples. */
bool kws_app_process_audio(kws_app_t *app);

/* Runs the next operator of the current inference. Posts an event if this completes a detection. Returns KWS_OK or a
 * negative status. */
int32_t kws_app_step_inference(kws_app_t *app);

/* Runs the current inference to its end. */
int32_t kws_app_finish_inference(kws_app_t *app);

/* Turns off the LEDs whose on-time has elapsed. */
void kws_app_update_leds(kws_app_t *app);

#endif
