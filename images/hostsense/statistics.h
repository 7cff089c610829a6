/* One sensor's readings of one window. */
#pragma once
#include <stdint.h>

/* All zero is the empty window. */
struct statistics {
    uint32_t count;
    double mean;
    double squares; /* sum of squared differences from the mean */
    double minimum;
    double maximum;
    double first;
    double last;
    uint64_t first_us;
    uint64_t last_us;
};

void statistics_add(struct statistics *statistics, uint64_t us, double value);

/* Of the population: the readings are all there is, so one reading has 0. Needs a reading. */
double statistics_deviation(const struct statistics *statistics);

/* Change a second, between the first reading and the last. Needs two instants. */
double statistics_rate(const struct statistics *statistics);
