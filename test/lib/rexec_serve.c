/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The serving side of rexec: one process per connection, which is the parent of last resort of
 * all that its command starts, and so can end all of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rexec.h"

struct session {
    int sock;
    int input, output, errors; /* our ends of the command's pipes; -1 when closed */
    int pidfd;
    pid_t pid;
    struct rexec_pending pending; /* for input */
};

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

static void become_command(const int in[2], const int out[2], const int err[2], const char *command)
{
    struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };

    setsid();
    signal(SIGPIPE, SIG_DFL);
    setrlimit(RLIMIT_MEMLOCK, &unlimited); /* verbs register memory; without root: as it is */
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    dup2(err[1], STDERR_FILENO);
    execl("/bin/sh", "sh", "-c", command, (char *) NULL);
    fprintf(stderr, "rexec: /bin/sh: %s\n", strerror(errno));
    _exit(127);
}

static bool start_command(struct session *session, const char *command)
{
    int in[2], out[2], err[2];

    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0 ||
        (session->pid = fork()) < 0) {
        return false;
    }
    if (session->pid == 0) {
        become_command(in, out, err, command);
    }
    close(in[0]);
    close(out[1]);
    close(err[1]);
    session->input = in[1];
    session->output = out[0];
    session->errors = err[0];
    session->pidfd = pidfd_open(session->pid, 0);
    return session->pidfd >= 0 && fcntl(session->input, F_SETFL, O_NONBLOCK) == 0;
}

/* Signals our direct children. False: there is no list of them. */
static bool kill_children(void)
{
    char path[64];
    FILE *list;
    int number;

    snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int) getpid());
    list = fopen(path, "re");
    if (list == NULL) {
        return false;
    }
    while (fscanf(list, "%d", &number) == 1) {
        kill(number, SIGKILL);
    }
    fclose(list);
    return true;
}

/* Kills our children, then those they leave to us, until there are none. */
static void kill_descendants(void)
{
    pid_t child;

    do {
        child = kill_children() ? waitpid(-1, NULL, 0) : -1;
    } while (child > 0);
}

/* Forwards what there is. False: end of output, or nobody to send it to. */
static bool forward(int sock, int fd, enum rexec_type type)
{
    char data[16384];
    ssize_t bytes = read(fd, data, sizeof(data));

    if (bytes < 0) {
        return errno == EINTR;
    }
    return bytes > 0 && rexec_send(sock, type, data, (size_t) bytes);
}

/* Takes one frame of input. False: the client is gone. */
static bool take_input(struct session *session)
{
    struct rexec_header header;

    if (!rexec_receive(session->sock, &header, session->pending.data) ||
        header.type != REXEC_INPUT) {
        return false;
    }
    session->pending.begin = 0;
    session->pending.end = header.bytes;
    if (header.bytes == 0) {
        close_fd(&session->input);
    }
    return true;
}

static void push_input(struct session *session)
{
    if (session->input < 0 || !rexec_flush(session->input, &session->pending)) {
        session->pending.begin = session->pending.end; /* nobody reads it */
        close_fd(&session->input);
    }
}

/* Until the command ends (true) or the client goes away (false). */
static bool converse(struct session *session)
{
    for (;;) {
        bool full = session->pending.begin < session->pending.end;
        struct pollfd fds[] = {
            { session->sock, (short) (full ? POLLRDHUP : POLLIN | POLLRDHUP), 0 },
            { full ? session->input : -1, POLLOUT, 0 },
            { session->output, POLLIN, 0 },
            { session->errors, POLLIN, 0 },
            { session->pidfd, POLLIN, 0 },
        };
        if (poll(fds, sizeof(fds) / sizeof(fds[0]), -1) < 0) {
            continue;
        }
        if ((fds[0].revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0 ||
            (fds[0].revents != 0 && !take_input(session))) {
            return false;
        }
        if (session->pending.begin < session->pending.end) {
            push_input(session);
        }
        if (fds[2].revents != 0 && !forward(session->sock, session->output, REXEC_OUTPUT)) {
            close_fd(&session->output);
        }
        if (fds[3].revents != 0 && !forward(session->sock, session->errors, REXEC_ERRORS)) {
            close_fd(&session->errors);
        }
        if (fds[4].revents != 0) {
            return true;
        }
    }
}

static void finish(struct session *session)
{
    int status = 0;
    uint32_t code;

    waitpid(session->pid, &status, 0);
    code = (uint32_t) (WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
    kill_descendants();
    while (session->output >= 0 && forward(session->sock, session->output, REXEC_OUTPUT)) {
    }
    while (session->errors >= 0 && forward(session->sock, session->errors, REXEC_ERRORS)) {
    }
    rexec_send(session->sock, REXEC_STATUS, &code, sizeof(code));
}

static void run_session(int sock)
{
    static struct session session;
    static char command[REXEC_FRAME_MAX + 1];
    struct rexec_header header;

    signal(SIGCHLD, SIG_DFL);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    rexec_keep_alive(sock);
    session.sock = sock;
    session.input = session.output = session.errors = session.pidfd = -1;
    if (!rexec_receive(sock, &header, command) || header.type != REXEC_COMMAND) {
        return;
    }
    command[header.bytes] = '\0';
    if (start_command(&session, command) && converse(&session)) {
        finish(&session);
    }
    kill_descendants();
}

static int listen_on(int port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t) port) };
    int on = 1;
    int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (sock < 0 || bind(sock, (struct sockaddr *) &address, sizeof(address)) != 0 ||
        listen(sock, 64) != 0) {
        fprintf(stderr, "rexec: port %d: %s\n", port, strerror(errno));
        return -1;
    }
    return sock;
}

int rexec_serve(int port)
{
    int listener = listen_on(port);

    if (listener < 0) {
        return 1;
    }
    signal(SIGCHLD, SIG_IGN); /* sessions, and orphans when we are process 1, reap themselves */
    for (;;) {
        int sock = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (sock < 0) {
            continue;
        }
        if (fork() == 0) {
            close(listener);
            run_session(sock);
            _exit(0);
        }
        close(sock);
    }
}
