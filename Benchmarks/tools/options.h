/*
 * What load was asked for on its command line.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "template.h"

enum { MAX_CLIENTS = 4096, MAX_DEPTH = 4096, MAX_PAUSES = 16, MAX_TEMPLATES = 4096 };

struct options {
    const char *socket, *expect;
    unsigned clients, depth, pauses, templates;
    double seconds, warmup;
    uint64_t count;               /* 0: until `seconds` are over */
    uint64_t pause_at[MAX_PAUSES]; /* ascending */
    struct template *template;
};

static const char usage[] =
    "usage: load --socket PATH (--seconds S | --count N) (--request LINE | --requests-file FILE)\n"
    "            [--clients N] [--depth D] [--warmup S] [--expect TEXT] [--pause-at N[,N…]]\n"
    "A closed loop of JSON-RPC calls, one a line; @ID@ in a line becomes the call's number. Each of the\n"
    "clients keeps D calls in flight. A reply without TEXT (default \"result\", in quotes) is an error.\n"
    "With --pause-at it stops after N calls, prints {\"paused\":N} and waits for a line on stdin.\n"
    "Prints {calls, seconds, perSecond, p50us, p99us, maxus, errors, cpuSeconds}; exit 2 when it could not run.\n";

static inline void fail(const char *what, const char *detail) {
    fprintf(stderr, "load: %s: %s\n", what, detail);
    exit(2);
}

static inline double option_number(const char *name, const char *text, double least, double most) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !(value >= least && value <= most)) fail(name, text);
    return value;
}

static inline void add_template(struct options *options, const char *line, size_t length) {
    if (options->templates == MAX_TEMPLATES) fail("too many requests", "at most 4096");
    size_t size = (options->templates + 1) * sizeof *options->template;
    options->template = realloc(options->template, size);
    if (!options->template) fail("memory", strerror(errno));
    if (!template_parse(&options->template[options->templates++], line, length)) fail("too many @ID@", line);
}

static inline void read_requests(struct options *options, const char *path) {
    FILE *file = fopen(path, "r");
    if (!file) fail(path, strerror(errno));
    ssize_t length;
    for (;;) {
        char *line = NULL; /* kept for the life of the process: templates point into it */
        size_t capacity = 0;
        length = getline(&line, &capacity, file);
        if (length < 0) {
            free(line);
            break;
        }
        while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r')) length--;
        if (length > 0) add_template(options, line, (size_t)length);
    }
    fclose(file);
}

static inline void read_pauses(struct options *options, char *list) {
    for (char *item = strtok(list, ","); item; item = strtok(NULL, ",")) {
        if (options->pauses == MAX_PAUSES) fail("too many pauses", item);
        uint64_t at = (uint64_t)option_number("--pause-at", item, 1, 1e15);
        if (options->pauses > 0 && at <= options->pause_at[options->pauses - 1]) fail("pauses must ascend", item);
        options->pause_at[options->pauses++] = at;
    }
}

static inline struct options read_options(int count, char **arguments) {
    static const struct option names[] = {
        {"socket", required_argument, 0, 's'},  {"clients", required_argument, 0, 'c'},
        {"depth", required_argument, 0, 'd'},   {"seconds", required_argument, 0, 't'},
        {"count", required_argument, 0, 'n'},   {"warmup", required_argument, 0, 'w'},
        {"request", required_argument, 0, 'r'}, {"requests-file", required_argument, 0, 'f'},
        {"expect", required_argument, 0, 'e'},  {"pause-at", required_argument, 0, 'p'},
        {0, 0, 0, 0},
    };
    struct options options = {.clients = 1, .depth = 1, .expect = "\"result\""};
    int name;
    while ((name = getopt_long(count, arguments, "", names, NULL)) != -1) {
        switch (name) {
        case 's': options.socket = optarg; break;
        case 'c': options.clients = (unsigned)option_number("--clients", optarg, 1, MAX_CLIENTS); break;
        case 'd': options.depth = (unsigned)option_number("--depth", optarg, 1, MAX_DEPTH); break;
        case 't': options.seconds = option_number("--seconds", optarg, 0.01, 86400); break;
        case 'n': options.count = (uint64_t)option_number("--count", optarg, 1, 1e15); break;
        case 'w': options.warmup = option_number("--warmup", optarg, 0, 3600); break;
        case 'r': add_template(&options, optarg, strlen(optarg)); break;
        case 'f': read_requests(&options, optarg); break;
        case 'e': options.expect = optarg; break;
        case 'p': read_pauses(&options, optarg); break;
        default: fputs(usage, stderr); exit(2);
        }
    }
    int lengths = (options.seconds > 0) + (options.count > 0);
    if (!options.socket || options.templates == 0 || lengths != 1 || optind != count) {
        fputs(usage, stderr);
        exit(2);
    }
    for (unsigned i = 0; i < options.templates; i++) {
        if (options.depth > 1 && options.template[i].parts < 2) fail("--depth above 1 needs @ID@ in", "every request");
    }
    if (options.pauses > 0 && options.count == 0) fail("--pause-at", "needs --count");
    return options;
}

#endif
