/*
 * echo SOCKET: the floor of a Unix-socket round trip. Writes back every byte it reads.
 *
 * One thread, epoll, level-triggered: what an event loop costs before it understands a single byte.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BUFFER = 256 * 1024, EVENTS = 256 };

struct peer {
    int fd;
    size_t start, end; /* data[start..<end] still waits to be written */
    char data[BUFFER];
};

static void die(const char *what) {
    fprintf(stderr, "echo: %s: %s\n", what, strerror(errno));
    exit(2);
}

static int listen_on(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        die(path);
    }
    strcpy(address.sun_path, path);
    unlink(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) die("socket");
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) die("bind");
    if (listen(fd, 1024) < 0) die("listen");
    return fd;
}

static void watch(int epoll, int operation, int fd, uint32_t events, void *who) {
    struct epoll_event event = {.events = events, .data.ptr = who};
    if (epoll_ctl(epoll, operation, fd, &event) < 0) die("epoll_ctl");
}

static void accept_all(int epoll, int listener) {
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
        struct peer *peer = malloc(sizeof *peer);
        if (!peer) die("malloc");
        peer->fd = fd;
        peer->start = peer->end = 0;
        watch(epoll, EPOLL_CTL_ADD, fd, EPOLLIN, peer);
    }
}

/* Writes what is pending; 0 when the peer is gone. */
static int flush_pending(int epoll, struct peer *peer, int was_blocked) {
    while (peer->start < peer->end) {
        ssize_t n = send(peer->fd, peer->data + peer->start, peer->end - peer->start, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            if (!was_blocked) watch(epoll, EPOLL_CTL_MOD, peer->fd, EPOLLOUT, peer);
            return 1;
        }
        if (n <= 0) return 0;
        peer->start += (size_t)n;
    }
    peer->start = peer->end = 0;
    if (was_blocked) watch(epoll, EPOLL_CTL_MOD, peer->fd, EPOLLIN, peer);
    return 1;
}

static int serve(int epoll, struct peer *peer, uint32_t events) {
    if (events & EPOLLOUT) return flush_pending(epoll, peer, 1);
    ssize_t n = recv(peer->fd, peer->data, BUFFER, 0);
    if (n < 0 && errno == EAGAIN) return 1;
    if (n <= 0) return 0;
    peer->end = (size_t)n;
    return flush_pending(epoll, peer, 0);
}

int main(int count, char **arguments) {
    if (count != 2) {
        fprintf(stderr, "usage: echo SOCKET\n");
        return 2;
    }
    int listener = listen_on(arguments[1]);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) die("epoll_create1");
    watch(epoll, EPOLL_CTL_ADD, listener, EPOLLIN, NULL);
    struct epoll_event events[EVENTS];
    for (;;) {
        int ready = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            struct peer *peer = events[i].data.ptr;
            if (!peer) {
                accept_all(epoll, listener);
            } else if (!serve(epoll, peer, events[i].events)) {
                close(peer->fd);
                free(peer);
            }
        }
    }
}
