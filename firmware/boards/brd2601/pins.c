/* Pins and LEDs. Not yet run on silicon. */
#include "brd2601.h"

#define LED_RED_PORT PORT_D
#define LED_RED_PIN 2u
#define LED_GREEN_PORT PORT_A
#define LED_GREEN_PIN 4u
#define LED_BLUE_PORT PORT_B
#define LED_BLUE_PIN 0u

void pin_write(uint32_t port, uint32_t pin, bool level) {
    if (level) {
        SET_BITS(GPIO_PORT_DOUT(port), 1u << pin);
    } else {
        CLEAR_BITS(GPIO_PORT_DOUT(port), 1u << pin);
    }
}

void pin_mode(uint32_t port, uint32_t pin, uint32_t mode, bool level) {
    uint32_t address = pin < 8 ? GPIO_PORT_MODEL(port) : GPIO_PORT_MODEH(port);
    uint32_t shift = (pin & 7u) * 4u;
    pin_write(port, pin, level);
    REGISTER(address) = (REGISTER(address) & ~(0xFu << shift)) | (mode << shift);
}

/* The LEDs are on at low level. */
void leds_open(void) {
    pin_mode(LED_RED_PORT, LED_RED_PIN, GPIO_MODE_PUSHPULL, true);
    pin_mode(LED_GREEN_PORT, LED_GREEN_PIN, GPIO_MODE_PUSHPULL, true);
    pin_mode(LED_BLUE_PORT, LED_BLUE_PIN, GPIO_MODE_PUSHPULL, true);
}

void leds_set(void *context, kws_led_t led, bool on) {
    (void)context;
    if (led == KWS_LED_KEYWORD) {
        pin_write(LED_RED_PORT, LED_RED_PIN, !on);
    } else if (led == KWS_LED_ACTIVITY) {
        pin_write(LED_GREEN_PORT, LED_GREEN_PIN, !on);
    }
}
