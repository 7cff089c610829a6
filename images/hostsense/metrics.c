#include "metrics.h"
#include "channel.h"
#include "memory.h"
#include "text.h"

#define SUFFIX_MAX 8u

static const char suffixes[METRICS_PER_SENSOR][SUFFIX_MAX] = {
    [METRIC_MEAN] = "_mean",     [METRIC_MIN] = "_min",   [METRIC_MAX] = "_max",
    [METRIC_STDDEV] = "_stddev", [METRIC_RATE] = "_rate",
};

uint32_t metric_number(uint32_t sensor_index, enum metric_kind kind) {
    return sensor_index * METRICS_PER_SENSOR + kind + 1;
}

static uint32_t unit_per_second(uint32_t unit) {
    switch (unit) {
    case UNIT_BYTES:
        return UNIT_BYTES_PER_SECOND;
    case UNIT_PERCENT:
        return UNIT_PERCENT_PER_SECOND;
    case UNIT_CELSIUS:
        return UNIT_CELSIUS_PER_SECOND;
    default:
        return UNIT_PER_SECOND;
    }
}

void metrics_declare(uint32_t sensor_index, const struct sensor *sensor) {
    char name[SENSOR_NAME_MAX + SUFFIX_MAX];
    size_t length = text_length(sensor->name);
    memcpy(name, sensor->name, length);
    for (uint32_t kind = 0; kind < METRICS_PER_SENSOR; kind++) {
        memcpy(name + length, suffixes[kind], SUFFIX_MAX);
        uint32_t unit = kind == METRIC_RATE ? unit_per_second(sensor->unit) : sensor->unit;
        channel_declare(metric_number(sensor_index, kind), name, unit);
    }
}
