/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Questions to UCX (see ivn_ucx.h). Its names for devices come from its transport layer: a name it
 * does not know draws a warning from it, and one left out is a network lost.
 */
#include "ivn_ucx.h"
#include "ivn_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucp/api/ucp.h>
#include <uct/api/uct.h>

#define NAMES_MAX 64 /* a longer list makes UCX abort */
#define VERBS "ib"   /* UCX's component for verbs */

struct list {
    char names[NAMES_MAX][UCT_DEVICE_NAME_MAX];
    unsigned count;
    bool too_long;
};

/* Given each of UCX's components; false ends the walk. */
typedef bool (*visit_t)(uct_component_h component, const uct_component_attr_t *attr, void *arg);

/* False: UCX did not answer, or the walk was ended. */
static bool walk(visit_t visit, void *arg)
{
    uct_component_h *components;
    unsigned count;
    bool going = true;

    if (uct_query_components(&components, &count) != UCS_OK) {
        return false;
    }
    for (unsigned i = 0; i < count && going; i++) {
        uct_component_attr_t attr = { .field_mask = UCT_COMPONENT_ATTR_FIELD_NAME |
                                                    UCT_COMPONENT_ATTR_FIELD_MD_RESOURCE_COUNT };
        going =
            uct_component_query(components[i], &attr) == UCS_OK && visit(components[i], &attr, arg);
    }
    uct_release_component_list(components);
    return going;
}

/* ---- settings --------------------------------------------------------------------------------- */

/* The value in a dump of lines NAME=VALUE; "all" is what UCX does by itself. */
static void take_setting(const char *dump, const char *name, char value[IVN_SETTING_BYTES])
{
    const size_t length = strlen(name);

    for (const char *line = dump; *line != '\0'; line += strcspn(line, "\n"), line += *line != 0) {
        if (strncmp(line, name, length) == 0 && line[length] == '=') {
            const char *text = line + length + 1;
            snprintf(value, IVN_SETTING_BYTES, "%.*s", (int) strcspn(text, "\n"), text);
        }
    }
    if (strcmp(value, "all") == 0) {
        value[0] = '\0';
    }
}

static bool take_gid_index(uct_component_h component, const uct_component_attr_t *attr, void *arg)
{
    uct_md_config_t *config;
    int *index = arg;
    char value[32], *end;

    if (strcmp(attr->name, VERBS) != 0 ||
        uct_md_config_read(component, NULL, NULL, &config) != UCS_OK) {
        return true;
    }
    if (uct_config_get(config, "GID_INDEX", value, sizeof(value)) == UCS_OK) {
        unsigned long number = strtoul(value, &end, 10);
        *index = end != value && number < 65536 ? (int) number : -1;
    }
    uct_config_release(config);
    return true;
}

void ivn_ucx_settings_read(struct ivn_ucx_settings *settings)
{
    ucp_config_t *config;
    char *dump = NULL;
    size_t size = 0;
    FILE *out;

    memset(settings, 0, sizeof(*settings));
    settings->gid_index = -1;
    walk(take_gid_index, &settings->gid_index);
    if (ucp_config_read(NULL, NULL, &config) != UCS_OK) {
        return;
    }
    out = open_memstream(&dump, &size);
    if (out != NULL) {
        ucp_config_print(config, out, NULL, UCS_CONFIG_PRINT_CONFIG);
        fclose(out);
        take_setting(dump, "UCX_NET_DEVICES", settings->devices);
        take_setting(dump, "UCX_TLS", settings->tls);
    }
    free(dump);
    ucp_config_release(config);
}

/* ---- devices ---------------------------------------------------------------------------------- */

static void add_name(struct list *list, const char *name)
{
    for (unsigned i = 0; i < list->count; i++) {
        if (strcmp(list->names[i], name) == 0) {
            return;
        }
    }
    if (list->count == NAMES_MAX) {
        list->too_long = true;
        return;
    }
    snprintf(list->names[list->count++], UCT_DEVICE_NAME_MAX, "%s", name);
}

static void add_networks_of(uct_component_h component, const char *md_name, struct list *list)
{
    uct_tl_resource_desc_t *resources;
    uct_md_config_t *config;
    unsigned count = 0;
    uct_md_h md;

    if (uct_md_config_read(component, NULL, NULL, &config) != UCS_OK) {
        return;
    }
    if (uct_md_open(component, md_name, config, &md) == UCS_OK) {
        if (uct_md_query_tl_resources(md, &resources, &count) == UCS_OK) {
            for (unsigned i = 0; i < count; i++) {
                if (resources[i].dev_type == UCT_DEVICE_TYPE_NET) {
                    add_name(list, resources[i].dev_name);
                }
            }
            uct_release_tl_resource_list(resources);
        }
        uct_md_close(md);
    }
    uct_config_release(config);
}

static bool add_networks(uct_component_h component, const uct_component_attr_t *attr, void *arg)
{
    const unsigned count = attr->md_resource_count;
    uct_component_attr_t all = { .field_mask = UCT_COMPONENT_ATTR_FIELD_MD_RESOURCES };

    if (strcmp(attr->name, VERBS) == 0 || count == 0) {
        return true;
    }
    all.md_resources = calloc(count, sizeof(*all.md_resources));
    if (all.md_resources == NULL || uct_component_query(component, &all) != UCS_OK) {
        free(all.md_resources);
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        add_networks_of(component, all.md_resources[i].md_name, arg);
    }
    free(all.md_resources);
    return true;
}

static char *join(const struct list *list)
{
    const size_t size = (size_t) list->count * UCT_DEVICE_NAME_MAX + 1;
    char *text = calloc(1, size);
    size_t used = 0;

    for (unsigned i = 0; text != NULL && i < list->count; i++) {
        snprintf(text + used, size - used, "%s%s", i > 0 ? "," : "", list->names[i]);
        used += strlen(text + used);
    }
    return text;
}

char *ivn_ucx_device_list(const struct ivn_port *ports, const struct ivn_choice *choice)
{
    char name[IVN_PORT_TEXT_BYTES];
    struct list list = { .count = 0 };

    for (int i = 0; i < choice->kept_count; i++) {
        ivn_port_format(&ports[choice->kept[i]], name);
        list.too_long = list.too_long || strlen(name) >= UCT_DEVICE_NAME_MAX;
        add_name(&list, name);
    }
    if (!walk(add_networks, &list) || list.too_long) {
        return NULL;
    }
    return join(&list);
}
