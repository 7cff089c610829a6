/* The five metrics that a sensor becomes, and their numbers, names and units. */
#pragma once
#include "frames.h"

#define METRICS_PER_SENSOR 5u

enum metric_kind { METRIC_MEAN, METRIC_MIN, METRIC_MAX, METRIC_STDDEV, METRIC_RATE };

/* Of the sensor at that place in the feed. From 1. */
uint32_t metric_number(uint32_t sensor_index, enum metric_kind kind);

/* Declares all five. */
void metrics_declare(uint32_t sensor_index, const struct sensor *sensor);
