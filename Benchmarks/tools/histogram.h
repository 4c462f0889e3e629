/*
 * Latencies in buckets: 64 to each power of two, so a value is known to 1.6 %. Fixed size, one increment a call.
 */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>
#include <string.h>

enum { SUB_BITS = 6, SUB = 1 << SUB_BITS, BUCKETS = (64 - SUB_BITS + 1) * SUB };

struct histogram {
    uint64_t count, max;
    uint64_t buckets[BUCKETS];
};

static inline unsigned histogram_bucket(uint64_t value) {
    if (value < SUB) return (unsigned)value;
    unsigned shift = 63u - (unsigned)__builtin_clzll(value) - SUB_BITS;
    return (shift + 1) * SUB + (unsigned)((value >> shift) - SUB);
}

/* The largest value that falls into the bucket. */
static inline uint64_t histogram_upper(unsigned bucket) {
    if (bucket < SUB) return bucket;
    unsigned shift = bucket / SUB - 1;
    return (((uint64_t)(bucket % SUB) + SUB + 1) << shift) - 1;
}

static inline void histogram_add(struct histogram *histogram, uint64_t value) {
    histogram->buckets[histogram_bucket(value)]++;
    histogram->count++;
    if (value > histogram->max) histogram->max = value;
}

static inline void histogram_reset(struct histogram *histogram) { memset(histogram, 0, sizeof *histogram); }

/* The value that `share` (0...1) of all calls did not exceed. */
static inline uint64_t histogram_quantile(const struct histogram *histogram, double share) {
    uint64_t wanted = (uint64_t)(share * (double)histogram->count), seen = 0;
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        seen += histogram->buckets[bucket];
        if (seen > wanted || (seen == histogram->count && seen > 0)) {
            uint64_t upper = histogram_upper(bucket);
            return upper < histogram->max ? upper : histogram->max;
        }
    }
    return 0;
}

#endif
