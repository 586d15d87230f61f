/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Asking the host's daemon: a line of JSON out, a line of JSON back.
 */
#include "daemon_call.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_MAX_BYTES (4u << 20)
#define PATIENCE_S 100 /* longer than the daemon's own */

static enum ctl_status complain(const char *socket_path, const char *what, const char *remedy)
{
    ctl_complain(socket_path, what, remedy);
    return CTL_FINDING;
}

static int connect_daemon(const char *path)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    const struct timeval patience = { .tv_sec = PATIENCE_S };
    if (strlen(path) >= sizeof(to.sun_path)) {
        return -ENAMETOOLONG;
    }
    snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -errno;
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (connect(fd, (const struct sockaddr *) &to, sizeof(to))) {
        int err = -errno;
        close(fd);
        return err;
    }
    return fd;
}

/* A daemon that turns us away says so and closes: then sending fails, but there is an answer. */
static void send_line(int fd, const char *text)
{
    if (send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_MORE) > 0) {
        ssize_t ignored = send(fd, "\n", 1, MSG_NOSIGNAL);
        (void) ignored;
    }
}

/* The line without its end, to be freed; NULL: none came. */
static char *receive_line(int fd)
{
    size_t used = 0, room = 65536;
    char *text = malloc(room);
    while (text) {
        ssize_t n = recv(fd, text + used, room - used - 1, 0);
        if (n <= 0) {
            break;
        }
        used += (size_t) n;
        if (text[used - 1] == '\n') {
            text[used - 1] = '\0';
            return text;
        }
        if (room - used == 1) {
            char *more = room < ANSWER_MAX_BYTES ? realloc(text, room *= 2) : NULL;
            if (!more) {
                break;
            }
            text = more;
        }
    }
    free(text);
    return NULL;
}

static enum ctl_status take_answer(const char *path, const char *line, struct json_object **answer)
{
    struct json_object *ok, *object = line ? json_tokener_parse(line) : NULL;
    if (!object || !json_object_object_get_ex(object, "ok", &ok)) {
        json_object_put(object);
        return complain(path, line ? "answered what is not understood" : "gave no answer in time",
                        "see the log of ivshmemd");
    }
    if (json_object_get_boolean(ok)) {
        *answer = object;
        return CTL_OK;
    }
    ctl_complain(daemon_text(object, "where"), daemon_text(object, "what"),
                 daemon_text(object, "remedy"));
    json_object_put(object);
    return CTL_FINDING;
}

enum ctl_status daemon_call(const char *path, struct json_object *request,
                            struct json_object **answer)
{
    int fd = connect_daemon(path);
    if (fd < 0) {
        json_object_put(request);
        return complain(path, strerror(-fd),
                        fd == -EACCES ? "be root, or in the daemon's socket-group"
                                      : "is ivshmemd running? name its socket with --socket");
    }
    send_line(fd, json_object_to_json_string_ext(request, JSON_C_TO_STRING_PLAIN));
    json_object_put(request);
    char *line = receive_line(fd);
    enum ctl_status status = take_answer(path, line, answer);
    free(line);
    close(fd);
    return status;
}

/* ---- members ---------------------------------------------------------------------------------- */

static struct json_object *member(struct json_object *object, const char *key, enum json_type type)
{
    struct json_object *value;
    return json_object_object_get_ex(object, key, &value) && json_object_is_type(value, type)
               ? value
               : NULL;
}

const char *daemon_text(struct json_object *object, const char *key)
{
    struct json_object *value = member(object, key, json_type_string);
    return value ? json_object_get_string(value) : "";
}

uint64_t daemon_number(struct json_object *object, const char *key)
{
    struct json_object *value = member(object, key, json_type_int);
    return value ? json_object_get_uint64(value) : 0;
}

struct json_object *daemon_array(struct json_object *object, const char *key, size_t *count)
{
    struct json_object *value = member(object, key, json_type_array);
    *count = value ? json_object_array_length(value) : 0;
    return value;
}
