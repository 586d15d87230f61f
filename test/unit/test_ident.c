/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Small parts: CRC-32C, findings, MAC and UUID texts, small text files.
 */
#include "ivl_test.h"
#include "crc32c.h"

static void test_crc(void **state)
{
    (void) state;
    uint8_t zeros[32] = { 0 }, ones[32];
    memset(ones, 0xff, sizeof(ones));
    assert_int_equal(ivl_crc32c("123456789", 9), 0xe3069283);
    assert_int_equal(ivl_crc32c("", 0), 0);
    assert_int_equal(ivl_crc32c(zeros, 32), 0x8a9136aa); /* RFC 3720, B.4 */
    assert_int_equal(ivl_crc32c(ones, 32), 0x62a8ab43);
}

static void test_diag(void **state)
{
    (void) state;
    struct ivl_diag diag;
    char text[1000], small[8], longest[400];
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';

    assert_int_equal(ivl_fail(&diag, -EIO, "here", "do this", "saw %d", 3), -EIO);
    ivl_diag_format(&diag, text, sizeof(text));
    assert_string_equal(text, "here: saw 3: do this");
    ivl_diag_format(&diag, small, sizeof(small));
    assert_string_equal(small, "here: s");

    ivl_fail(&diag, -EIO, "here", "", "saw it");
    ivl_diag_format(&diag, text, sizeof(text));
    assert_string_equal(text, "here: saw it");

    assert_int_equal(ivl_fail(NULL, -EIO, "here", "do", "saw"), -EIO);
    ivl_fail(&diag, -EIO, longest, longest, "%s", longest);
    assert_int_equal(strlen(diag.where), sizeof(diag.where) - 1);
    assert_int_equal(strlen(diag.what), sizeof(diag.what) - 1);
    assert_int_equal(strlen(diag.remedy), sizeof(diag.remedy) - 1);
    ivl_fail(&diag, -EIO, NULL, NULL, "x");
    assert_string_equal(diag.where, "");
}

static void test_mac(void **state)
{
    (void) state;
    static const char *const bad[] = { "",
                                       "52:54:00:12:34",
                                       "52:54:00:12:34:5",
                                       "52:54:00:12:34:56:",
                                       "52:54:00:12:34:567",
                                       "52-54-00-12-34-56",
                                       "g2:54:00:12:34:56",
                                       "525400123456",
                                       " 52:54:00:12:34:56",
                                       "52:54:00:12:34:56\n",
                                       "5:254:00:12:34:56" };
    uint8_t mac[6] = { 9, 9, 9, 9, 9, 9 };
    char text[18];
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(ivl_mac_parse(bad[i], mac), -EINVAL);
        assert_int_equal(mac[0], 9); /* out-parameters are set on success only */
    }
    assert_int_equal(ivl_mac_parse("52:54:00:Ab:cD:EF", mac), 0);
    ivl_mac_format(mac, text);
    assert_string_equal(text, "52:54:00:ab:cd:ef");
    assert_false(ivl_mac_is_zero(mac));
    assert_int_equal(ivl_mac_parse("00:00:00:00:00:00", mac), 0);
    assert_true(ivl_mac_is_zero(mac));
}

static void test_uuid(void **state)
{
    (void) state;
    static const char *const bad[] = { "",
                                       "0123",
                                       "00112233-4455-6677-8899-aabbccddeef",
                                       "00112233-4455-6677-8899-aabbccddeefff",
                                       "00112233-4455-6677-8899aabb-ccddeeff",
                                       "00112233445566778899aabbccddeef",
                                       "00112233445566778899aabbccddeefff",
                                       "0011223344556677-8899-aabbccddeeff",
                                       "00112233-4455-6677-8899-aabbccddeefg" };
    uint8_t uuid[16] = { 7 };
    char text[37];
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(ivl_uuid_parse(bad[i], uuid), -EINVAL);
        assert_int_equal(uuid[0], 7);
    }
    assert_int_equal(ivl_uuid_parse("00112233445566778899AABBCCDDEEFF", uuid), 0);
    ivl_uuid_format(uuid, text);
    assert_string_equal(text, "00112233-4455-6677-8899-aabbccddeeff");
    assert_int_equal(ivl_uuid_parse(text, uuid), 0);
    assert_false(ivl_uuid_is_zero(uuid));
    memset(uuid, 0, sizeof(uuid));
    assert_true(ivl_uuid_is_zero(uuid));
}

static void test_text_file(void **state)
{
    (void) state;
    char dir[64], path[128], text[8], longest[600];
    test_dir(dir);
    snprintf(path, sizeof(path), "%s/f", dir);
    FILE *f = fopen(path, "w");
    fputs("abc \n\n", f);
    fclose(f);
    assert_int_equal(ivl_text_read(dir, "/f", text, sizeof(text)), 0);
    assert_string_equal(text, "abc");
    assert_int_equal(ivl_text_read(dir, "/f", text, 3), 0); /* cut to fit */
    assert_string_equal(text, "ab");
    assert_int_equal(ivl_text_read(dir, "/none", text, sizeof(text)), -ENOENT);
    assert_int_equal(ivl_text_read(dir, "", text, sizeof(text)), -EISDIR);
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(ivl_text_read(dir, longest, text, sizeof(text)), -ENAMETOOLONG);
    test_dir_free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crc),  cmocka_unit_test(test_diag),      cmocka_unit_test(test_mac),
        cmocka_unit_test(test_uuid), cmocka_unit_test(test_text_file),
    };
    return cmocka_run_group_tests_name("ident", tests, NULL, NULL);
}
