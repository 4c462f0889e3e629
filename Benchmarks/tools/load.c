/*
 * load: a closed loop of JSON-RPC calls over a Unix socket. See `usage` in options.h.
 *
 * One thread and one histogram. A single client blocks in recv, so that a call costs two system calls; many
 * share an epoll. Replies may come in any order: a call's number carries the slot that holds its start time.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "histogram.h"
#include "options.h"

enum { FIRST_BUFFER = 64 * 1024, LARGEST_REPLY = 64 * 1024 * 1024, SILENCE_MS = 30000 };

struct slot {
    uint64_t id, sent; /* id 0: free */
};

struct client {
    int fd;
    bool blocked; /* has bytes to send and asked epoll to say when it may */
    const struct template *template;
    struct slot *slots;
    unsigned *free_slots, free_count;
    uint64_t round;
    char *in, *out;
    size_t in_length, in_capacity, scanned, out_start, out_end;
};

static struct options options;
static struct client *clients;
static struct histogram latencies;
static unsigned slot_bits;
static uint64_t now, in_flight, errors, limit; /* limit: calls after which to stop sending */
static bool stopping;
static int epoll = -1;

static uint64_t clock_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void *allocate(size_t size) {
    void *memory = calloc(1, size);
    if (!memory) fail("memory", strerror(errno));
    return memory;
}

static void connect_client(struct client *client, unsigned index) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(options.socket) >= sizeof address.sun_path) fail("path too long", options.socket);
    strcpy(address.sun_path, options.socket);
    client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->fd < 0) fail("socket", strerror(errno));
    if (connect(client->fd, (struct sockaddr *)&address, sizeof address) < 0) fail(options.socket, strerror(errno));
    struct timeval silence = {.tv_sec = SILENCE_MS / 1000};
    setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence);
    client->template = &options.template[index % options.templates];
    // So that no two clients give the same number: it may stand in a key.
    client->round = (uint64_t)index << 32;
    client->slots = allocate(sizeof *client->slots << slot_bits);
    client->free_slots = allocate(sizeof *client->free_slots * options.depth);
    for (unsigned slot = options.depth; slot > 0; slot--) client->free_slots[client->free_count++] = slot - 1;
    client->in = allocate(client->in_capacity = FIRST_BUFFER);
    // What is unsent can never exceed what may be in flight.
    client->out = allocate(client->template->longest * options.depth);
    if (epoll >= 0) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, client->fd, &event) < 0) fail("epoll_ctl", strerror(errno));
    }
}

static void wait_for_room(struct client *client, bool blocked) {
    if (epoll < 0 || client->blocked == blocked) return;
    struct epoll_event event = {.events = EPOLLIN | (blocked ? EPOLLOUT : 0), .data.ptr = client};
    if (epoll_ctl(epoll, EPOLL_CTL_MOD, client->fd, &event) < 0) fail("epoll_ctl", strerror(errno));
    client->blocked = blocked;
}

static void flush_out(struct client *client) {
    while (client->out_start < client->out_end) {
        ssize_t sent = send(client->fd, client->out + client->out_start, client->out_end - client->out_start,
                            MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) return wait_for_room(client, true);
        if (sent < 0) fail("send", strerror(errno));
        client->out_start += (size_t)sent;
    }
    client->out_start = client->out_end = 0;
    wait_for_room(client, false);
}

/* Fills the client's pipeline up to its depth and writes it in one go. */
static void send_calls(struct client *client) {
    if (client->out_start > 0) {
        memmove(client->out, client->out + client->out_start, client->out_end - client->out_start);
        client->out_end -= client->out_start;
        client->out_start = 0;
    }
    while (client->free_count > 0 && !stopping && latencies.count + in_flight < limit) {
        unsigned slot = client->free_slots[--client->free_count];
        uint64_t id = ++client->round << slot_bits | slot;
        client->slots[slot] = (struct slot){.id = id, .sent = now};
        client->out_end += template_render(client->template, id, client->out + client->out_end);
        in_flight++;
    }
    if (client->out_end > 0) flush_out(client);
}

/* The slot of the call that this line answers; -1 when none is waiting for it. */
static int answered_slot(const struct client *client, const char *line, size_t length) {
    const char *end = line + length, *at = line;
    if (client->template->parts < 2) return client->slots[0].id ? 0 : -1;
    while ((at = memmem(at, (size_t)(end - at), "\"id\":", 5))) {
        uint64_t id = 0;
        for (at += 5; at < end && *at == ' '; at++) {}
        for (; at < end && *at >= '0' && *at <= '9'; at++) id = id * 10 + (uint64_t)(*at - '0');
        unsigned slot = (unsigned)(id & ((1u << slot_bits) - 1));
        if (id > 0 && client->slots[slot].id == id) return (int)slot;
    }
    return -1;
}

static void take_reply(struct client *client, const char *line, size_t length) {
    int slot = answered_slot(client, line, length);
    if (slot < 0) {
        fprintf(stderr, "load: a reply to no call of ours: %.*s\n", (int)(length < 500 ? length : 500), line);
        exit(2);
    }
    if (!memmem(line, length, options.expect, strlen(options.expect)) && errors++ == 0) {
        fprintf(stderr, "load: the first error: %.*s\n", (int)(length < 500 ? length : 500), line);
    }
    histogram_add(&latencies, now - client->slots[slot].sent);
    client->slots[slot].id = 0;
    client->free_slots[client->free_count++] = (unsigned)slot;
    in_flight--;
}

static void take_replies(struct client *client) {
    char *line = client->in, *end = client->in + client->in_length, *newline;
    char *from = client->in + client->scanned;
    while ((newline = memchr(from, '\n', (size_t)(end - from)))) {
        take_reply(client, line, (size_t)(newline - line));
        line = from = newline + 1;
    }
    client->in_length = (size_t)(end - line);
    if (client->in_length > 0 && line != client->in) memmove(client->in, line, client->in_length);
    client->scanned = client->in_length;
    if (client->in_length == client->in_capacity) {
        if (client->in_capacity >= LARGEST_REPLY) fail("a reply", "longer than 64 MiB");
        client->in = realloc(client->in, client->in_capacity *= 2);
        if (!client->in) fail("memory", strerror(errno));
    }
}

static void receive(struct client *client, int flags) {
    ssize_t got = recv(client->fd, client->in + client->in_length, client->in_capacity - client->in_length, flags);
    if (got < 0 && errno == EAGAIN && flags & MSG_DONTWAIT) return;
    if (got < 0) fail(errno == EAGAIN ? "no reply for 30 s" : "recv", strerror(errno));
    if (got == 0) fail(options.socket, "the server closed the connection");
    now = clock_ns();
    client->in_length += (size_t)got;
    take_replies(client);
    send_calls(client);
}

/* One turn of a single client: no epoll, unless the server does not read. */
static void turn_alone(struct client *client) {
    if (client->out_end == 0) return receive(client, 0);
    struct pollfd ready = {.fd = client->fd, .events = POLLIN | POLLOUT};
    if (poll(&ready, 1, SILENCE_MS) <= 0) fail("poll", "neither reads nor writes for 30 s");
    if (ready.revents & POLLOUT) flush_out(client);
    receive(client, MSG_DONTWAIT);
}

static void turn_together(void) {
    struct epoll_event events[256];
    int ready = epoll_wait(epoll, events, 256, SILENCE_MS);
    if (ready == 0) fail("epoll_wait", "no reply for 30 s");
    for (int i = 0; i < ready; i++) {
        struct client *client = events[i].data.ptr;
        if (events[i].events & EPOLLOUT) flush_out(client);
        if (events[i].events & ~(uint32_t)EPOLLOUT) receive(client, MSG_DONTWAIT);
    }
}

static void turn(void) {
    if (epoll < 0) turn_alone(clients);
    else turn_together();
}

static void start_clients(void) {
    now = clock_ns();
    for (unsigned i = 0; i < options.clients; i++) send_calls(&clients[i]);
}

/* Runs until `limit` calls are answered or the clock says so, whichever comes first; answers the time taken. */
static uint64_t run(uint64_t duration) {
    uint64_t begin = clock_ns(), deadline = begin + duration;
    while (latencies.count < limit && now < deadline) turn();
    return now - begin;
}

/* Awaits what is in flight without sending more. */
static void drain(void) {
    stopping = true;
    while (in_flight > 0) turn();
    stopping = false;
}

/* --count with stops on the way; the time spent waiting for stdin is not counted. */
static uint64_t run_with_pauses(void) {
    uint64_t elapsed = 0;
    for (unsigned i = 0; i < options.pauses && options.pause_at[i] < options.count; i++) {
        limit = options.pause_at[i];
        start_clients();
        elapsed += run(UINT64_MAX / 2);
        printf("{\"paused\":%llu}\n", (unsigned long long)latencies.count);
        fflush(stdout);
        for (int byte = 0; byte != '\n' && byte != EOF;) byte = getchar();
    }
    limit = options.count;
    start_clients();
    return elapsed + run(UINT64_MAX / 2);
}

static void report(uint64_t elapsed) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double seconds = (double)elapsed / 1e9, calls = (double)latencies.count;
    double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
                 + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    printf("{\"calls\":%.0f,\"seconds\":%.3f,\"perSecond\":%.0f,\"p50us\":%.1f,\"p99us\":%.1f,\"maxus\":%.1f,"
           "\"errors\":%llu,\"cpuSeconds\":%.2f}\n",
           calls, seconds, seconds > 0 ? calls / seconds : 0, (double)histogram_quantile(&latencies, 0.5) / 1e3,
           (double)histogram_quantile(&latencies, 0.99) / 1e3, (double)latencies.max / 1e3,
           (unsigned long long)errors, cpu);
}

int main(int count, char **arguments) {
    options = read_options(count, arguments);
    while (1u << slot_bits < options.depth) slot_bits++;
    if (options.clients > 1 && (epoll = epoll_create1(EPOLL_CLOEXEC)) < 0) fail("epoll_create1", strerror(errno));
    clients = allocate(sizeof *clients * options.clients);
    for (unsigned i = 0; i < options.clients; i++) connect_client(&clients[i], i);

    limit = UINT64_MAX;
    if (options.warmup > 0 || options.count == 0) start_clients();
    if (options.warmup > 0) run((uint64_t)(options.warmup * 1e9));
    uint64_t elapsed;
    if (options.count > 0) {
        drain();
        histogram_reset(&latencies);
        elapsed = run_with_pauses();
    } else {
        histogram_reset(&latencies);
        elapsed = run((uint64_t)(options.seconds * 1e9));
    }
    struct histogram measured = latencies;
    drain(); /* answered, but no longer counted */
    latencies = measured;
    report(elapsed);
    return 0;
}
