/* The application's callbacks for requests of the host: golden inputs, fed audio, profile, reset. */
#ifndef KWS_APP_REQUESTS_H
#define KWS_APP_REQUESTS_H

#include "kws_app_state.h"

/* Returns the callbacks, with `app` as their context. */
kws_link_app_t kws_app_requests(kws_app_t *app);

#endif
