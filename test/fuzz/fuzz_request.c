/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Requests on the daemon's socket.
 */
#include "fuzz.h"

#include "protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ivd_request request;
    struct ivl_diag diag;
    int rc = ivd_request_parse((const char *) data, size, &request, &diag);
    fuzz_check_diag(rc, &diag);
    if (rc) {
        char *answer = ivd_answer_error(&diag);
        size_t length = strlen(answer);
        require(length > 1 && strchr(answer, '\n') == answer + length - 1);
        free(answer);
    } else {
        require(request.command <= IVD_DETACH);
        require(request.command == IVD_STATUS || request.domain[0]);
        require(memchr(request.domain, 0, sizeof(request.domain)));
        require(memchr(request.region, 0, sizeof(request.region)));
    }
    return 0;
}
