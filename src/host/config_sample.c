/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The sample configuration: every key with what it means. contrib/ivshmemd.conf is this text.
 */
#include "host_config.h"

#include <string.h>

static void print_comment(FILE *out, const char *text)
{
    while (*text) {
        int n = (int) strcspn(text, "\n");
        fprintf(out, "# %.*s\n", n, text);
        text += n + (text[n] != '\0');
    }
}

static void print_section(FILE *out, enum ivd_section section, bool off)
{
    for (unsigned i = 0; i < ivd_key_count; i++) {
        const struct ivd_key *key = &ivd_keys[i];
        if (key->section == section) {
            bool comment = off || key->sample[0] == '#';
            fputc('\n', out);
            print_comment(out, key->help);
            fprintf(out, "%s%s = %s\n", comment ? "#" : "", key->name,
                    key->sample + (key->sample[0] == '#'));
        }
    }
}

void ivd_config_print_sample(FILE *out)
{
    fputs("# SPDX-License-Identifier: BSD-3-Clause\n"
          "# Copyright (c) 2026 The mpich-ivshmem authors\n"
          "#\n"
          "# Configuration of ivshmemd(8). A line is a [section], a key = value, or a comment.\n"
          "# SIGHUP makes the daemon read the [vm] sections again; the rest takes a restart.\n"
          "\n[daemon]\n",
          out);
    print_section(out, IVD_SECTION_DAEMON, false);
    fputs("\n# One section for each region. Give each tenant a region of its own: VMs that share "
          "one\n"
          "# can read and write all of it.\n[region mpi]\n",
          out);
    print_section(out, IVD_SECTION_REGION, false);
    fputs("\n# One section for each VM that libvirt does not tell of. At least one of uuid, mac, "
          "cid\n"
          "# and asset-tag lets the VM find itself.\n#[vm vm1]\n",
          out);
    print_section(out, IVD_SECTION_VM, true);
}
