/*
 * Takes the host's sensor readings and reports, for every window and sensor, their mean, minimum, maximum,
 * standard deviation and rate.
 */
#include "channel.h"
#include "guest.h"
#include "metrics.h"
#include "panic.h"
#include "platform.h"
#include "statistics.h"
#include "text.h"

/* The console is slow, so only some reports get a line there. */
#define REPORTS_PRINTED_FIRST 3u
#define REPORTS_PRINTED_EVERY 60u

_Static_assert(SENSORS_MAX * METRICS_PER_SENSOR <= REPORT_VALUES_MAX, "every metric fits into one report");

static struct feed feed;
static bool fed;

/*
 * The window. It starts with the first reading and ends with the first one that is window_ms later; the next
 * starts when this one was due to end, so that windows do not drift. A reading counts in one window only.
 */
static struct statistics windows[SENSORS_MAX];
static bool window_open;
static uint64_t window_start_us;
static uint64_t newest_us;

static uint32_t reports;

static void say_hello(void) {
    channel_hello(IMAGE_NAME, IMAGE_VERSION, NULL);
    channel_flush();
}

static void print_feed(void) {
    print("feed sensors=");
    print_number(feed.count);
    print(" window_ms=");
    print_number(feed.window_ms);
    print("\n");
}

static void take_feed(const struct feed *granted) {
    if (fed)
        panic("the host sent a second feed");
    fed = true;
    feed = *granted;
    for (uint32_t i = 0; i < feed.count; i++)
        metrics_declare(i, &feed.sensors[i]);
    channel_flush();
    print_feed();
}

/* What is not a number, or not finite, would spoil the whole window. */
static bool is_finite(double value) {
    return value - value == 0.0;
}

static void add_reading(uint64_t us, const struct reading *reading) {
    if (!is_finite(reading->value))
        return;
    for (uint32_t i = 0; i < feed.count; i++)
        if (feed.sensors[i].number == reading->sensor)
            statistics_add(&windows[i], us, reading->value);
}

static void put_value(struct report *report, uint32_t sensor_index, enum metric_kind kind, double value) {
    struct value *next = &report->values[report->count++];
    next->metric = metric_number(sensor_index, kind);
    next->value = value;
}

static void put_values(struct report *report, uint32_t sensor_index) {
    const struct statistics *window = &windows[sensor_index];
    if (window->count == 0)
        return;
    put_value(report, sensor_index, METRIC_MEAN, window->mean);
    put_value(report, sensor_index, METRIC_MIN, window->minimum);
    put_value(report, sensor_index, METRIC_MAX, window->maximum);
    put_value(report, sensor_index, METRIC_STDDEV, statistics_deviation(window));
    if (window->last_us > window->first_us)
        put_value(report, sensor_index, METRIC_RATE, statistics_rate(window));
}

/* The most readings that a sensor had. */
static uint32_t samples(void) {
    uint32_t most = 0;
    for (uint32_t i = 0; i < feed.count; i++)
        if (windows[i].count > most)
            most = windows[i].count;
    return most;
}

static void print_report(void) {
    print("report ");
    print_number(reports);
    print(" window_end_us=");
    print_number(newest_us);
    print(" samples=");
    print_number(samples());
    print("\n");
}

static void report_window(void) {
    static struct report report;
    report.guest_us = platform_now_us();
    report.window_end_us = newest_us;
    report.count = 0;
    for (uint32_t i = 0; i < feed.count; i++)
        put_values(&report, i);
    if (report.count == 0)
        return;
    channel_report(&report);
    channel_flush();
    reports++;
    if (reports <= REPORTS_PRINTED_FIRST || reports % REPORTS_PRINTED_EVERY == 0)
        print_report();
}

static void next_window(void) {
    uint64_t window_us = (uint64_t)feed.window_ms * 1000;
    window_start_us += window_us;
    if (newest_us - window_start_us >= window_us)
        window_start_us = newest_us; /* after a gap */
    for (uint32_t i = 0; i < feed.count; i++)
        windows[i] = (struct statistics){0};
}

static void take_sense(const struct sense *sense) {
    if (!fed)
        panic("the host sent readings before a feed");
    if (sense->monotonic_us < newest_us)
        panic("the host's clock went back");
    newest_us = sense->monotonic_us;
    if (!window_open)
        window_start_us = newest_us;
    window_open = true;
    for (uint32_t i = 0; i < sense->count; i++)
        add_reading(newest_us, &sense->readings[i]);
    if (newest_us - window_start_us < (uint64_t)feed.window_ms * 1000)
        return;
    report_window();
    next_window();
}

/* The next gateway knows nothing of this guest, and grants anew. */
static void begin_again(void) {
    fed = false;
    window_open = false;
    newest_us = 0;
    for (uint32_t i = 0; i < SENSORS_MAX; i++)
        windows[i] = (struct statistics){0};
    say_hello();
}

static void take_frame(const struct host_frame *frame) {
    switch (frame->kind) {
    case HOST_FEED:
        take_feed(&frame->feed);
        return;
    case HOST_SENSE:
        take_sense(&frame->sense);
        return;
    case HOST_STOP:
        channel_done(0);
    case HOST_RETURNED:
        begin_again();
        return;
    case HOST_START:
    case HOST_OTHER:
        return;
    }
}

void guest_main(void) {
    static struct host_frame frame;
    channel_open();
    say_hello();
    for (;;) {
        if (channel_receive(&frame))
            take_frame(&frame);
        else
            channel_idle();
    }
}
