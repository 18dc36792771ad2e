/* receiver.c - firmware of the time-signal receiver in the clock room, version 2.3
 *
 * The receiver listens to the long-wave time signal, watches the pendulum through a
 * light barrier, and shows by how many seconds the Great Clock is fast or slow. It never
 * touches the clock. Board: 8-bit controller at 4 MHz, 3 AA cells as a reserve.
 *
 * Tomasz Wrona and Henrik Lund (railway workshop), 2023-2025
 */

#include <stdbool.h>
#include <stdint.h>

#define BEAT_MS            1500   /* one beat of the pendulum */
#define ALARM_SECONDS        40   /* above this the keeper writes down the difference */
#define QUIET_FROM_HOUR      22   /* no display light at night: moths */
#define QUIET_TO_HOUR         6
#define MIN_GOOD_MINUTES      3   /* so many telegrams must agree */

/* State of the light barrier. */
struct barrier {
    uint32_t last_ms;
    uint16_t missed;
    bool blocked;
};

/* Called on each pass of the pendulum.
 * A gap of more than three beats is counted as a standstill and not as a slow clock,
 * because in the first winter a bat hung in front of the sensor for two hours. */
void on_pass(struct barrier *b, uint32_t now_ms)
{
    uint32_t gap = now_ms - b->last_ms;
    if (gap > 3u * BEAT_MS) {
        b->missed++;
    }
    b->last_ms = now_ms;
    b->blocked = false;
}

/* Decode one minute of the signal. Returns the number of wrong parity bits, 0 to 3;
 * 255 when the minute mark itself is missing. */
uint8_t decode_minute(const uint8_t bits[59])
{
    uint8_t wrong = 0;
    if (bits[0] != 0 || bits[20] != 1) {
        return 255;
    }
    for (int field = 0; field < 3; field++) {
        static const int first[3] = {21, 29, 36};
        static const int last[3] = {28, 35, 58};
        uint8_t sum = 0;
        for (int i = first[field]; i <= last[field]; i++) {
            sum += bits[i];
        }
        wrong += sum & 1u;
    }
    return wrong;
}

/* Difference between clock and signal in tenths of a second; plus means that the clock is fast.
 * During the hour in autumn when the pendulum is held for the end of summer time, the result is
 * meaningless; the display then shows two dashes instead of a number. */
int16_t difference(uint32_t beats, uint32_t signal_ms)
{
    int64_t clock_ms = (int64_t)beats * BEAT_MS;
    return (int16_t)((clock_ms - (int64_t)signal_ms) / 100);
}

/* Reserve cells: below 3.3 volts the log is written to flash and the radio is switched off,
 * but the barrier keeps counting. The cells last about nineteen days without mains. */
bool on_low_cells(uint16_t millivolts)
{
    return millivolts < 3300;
}
