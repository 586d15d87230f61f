/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Requests on the daemon's socket, and its answers.
 */
#include "host_test.h"

#include "protocol.h"

static int parse(const char *text, struct ivd_request *request, struct ivl_diag *diag)
{
    return ivd_request_parse(text, strlen(text), request, diag);
}

static void test_good(void **state)
{
    (void) state;
    struct ivd_request r;
    expect_ok(parse("{\"command\":\"status\"}", &r, diag));
    assert_int_equal(r.command, IVD_STATUS);
    assert_string_equal(r.region, "");
    expect_ok(parse(" { \"domain\" : \"vm 1\", \"region\":\"mpi\",\"persistent\":true,"
                    "\"command\": \"attach\" } ",
                    &r, diag));
    assert_int_equal(r.command, IVD_ATTACH);
    assert_string_equal(r.domain, "vm 1");
    assert_string_equal(r.region, "mpi");
    assert_true(r.persistent);
    expect_ok(parse("{\"command\":\"detach\",\"domain\":\"x\"}", &r, diag));
    assert_int_equal(r.command, IVD_DETACH);
    assert_false(r.persistent);
}

static void test_bad(void **state)
{
    (void) state;
    static const struct {
        const char *text, *words;
    } cases[] = {
        { "", "not JSON" },
        { "x", "not JSON" },
        { "{", "not JSON" },
        { "{}", "no command" },
        { "[]", "not an object" },
        { "null", "request: not" },
        { "\"status\"", "not an object" },
        { "{\"command\":\"status\"}{}", "not JSON" },
        { "{\"command\":\"status\"} x", "not JSON" },
        { "{'command':'status'}", "not JSON" },
        { "{\"command\":\"stop\"}", "unknown command: stop" },
        { "{\"command\":1}", "not a string: command" },
        { "{\"command\":null}", "not a string: command" },
        { "{\"command\":\"attach\"}", "no domain" },
        { "{\"command\":\"attach\",\"domain\":\"\"}", "bad value of domain" },
        { "{\"command\":\"attach\",\"domain\":\"a\\u0000b\"}", "bad value of domain" },
        { "{\"command\":\"attach\",\"domain\":\"a\\nb\"}", "control characters in domain" },
        { "{\"command\":\"attach\",\"domain\":[\"a\"]}", "not a string: domain" },
        { "{\"command\":\"status\",\"region\":\"0123456789012345678901234567890x\"}",
          "bad value of region" },
        { "{\"command\":\"status\",\"persistent\":1}", "neither true nor false: persistent" },
        { "{\"command\":\"status\",\"uid\":0}", "unknown member: uid" },
        { "{\"command\":[[[[[[1]]]]]]}", "not JSON" },
        { "{\"command\":\"\xff\"}", "not JSON" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ivd_request r;
        test_note("case %zu", i);
        expect_refusal(-EINVAL, cases[i].words, parse(cases[i].text, &r, diag));
    }
}

static void test_long(void **state)
{
    (void) state;
    struct ivd_request r;
    static char text[IVD_REQUEST_MAX_BYTES + 2];
    memset(text, ' ', sizeof(text)); /* blanks in front count */
    memcpy(text + IVD_REQUEST_MAX_BYTES - 20, "{\"command\":\"status\"}", 20);
    expect_ok(ivd_request_parse(text, IVD_REQUEST_MAX_BYTES, &r, diag));
    memmove(text + 1, text, sizeof(text) - 1);
    expect_refusal(-EINVAL, "too long",
                   ivd_request_parse(text, IVD_REQUEST_MAX_BYTES + 1, &r, diag));
}

static void test_answers(void **state)
{
    (void) state;
    struct ivl_diag diag;
    ivl_fail(&diag, -EINVAL, "a\nb", "c", "\"%s\"", "d");
    char *text = ivd_answer_error(&diag);
    assert_string_equal(text, "{\"ok\":false,\"where\":\"a\\nb\",\"what\":\"\\\"d\\\"\",\"remedy\":"
                              "\"c\"}\n");
    free(text);
    text = ivd_answer_text("done");
    assert_string_equal(text, "{\"text\":\"done\",\"ok\":true}\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_long),
        cmocka_unit_test(test_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
