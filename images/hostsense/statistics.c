#include "statistics.h"
#include "number.h"
#include "panic.h"

#define US_PER_SECOND 1000000.0

/* Welford's method: sums of squares would lose every digit of a small deviation around a large mean. */
void statistics_add(struct statistics *statistics, uint64_t us, double value) {
    if (statistics->count == 0) {
        statistics->minimum = value;
        statistics->maximum = value;
        statistics->first = value;
        statistics->first_us = us;
    }
    statistics->count++;
    double difference = value - statistics->mean;
    statistics->mean += difference / (double)statistics->count;
    statistics->squares += difference * (value - statistics->mean);
    if (value < statistics->minimum)
        statistics->minimum = value;
    if (value > statistics->maximum)
        statistics->maximum = value;
    statistics->last = value;
    statistics->last_us = us;
}

double statistics_deviation(const struct statistics *statistics) {
    assert(statistics->count > 0);
    return __builtin_sqrt(statistics->squares / (double)statistics->count); /* one instruction */
}

double statistics_rate(const struct statistics *statistics) {
    assert(statistics->last_us > statistics->first_us);
    double seconds = number_to_double(statistics->last_us - statistics->first_us) / US_PER_SECOND;
    return (statistics->last - statistics->first) / seconds;
}
