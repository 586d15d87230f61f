# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
#
# ivshmemd. All of it but main() is a library, for its tests.

ivd_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir)/src/host -I$(top_srcdir)/src/locality/ctl
ivd_cflags = $(AM_CFLAGS) $(POPT_CFLAGS) $(JSON_C_CFLAGS) $(XML2_CFLAGS) $(LIBVIRT_CFLAGS)
ivd_libs = src/host/libhost.la src/locality/liblocality.la $(POPT_LIBS) $(JSON_C_LIBS) $(XML2_LIBS) \
    $(LIBVIRT_LIBS) -lpthread

if BUILD_TOOLS
sbin_PROGRAMS += ivshmemd
dist_man_MANS += man/ivshmemd.8
src_host_cppflags = $(ivd_cppflags) -DPACKAGE_VERSION='"$(PACKAGE_VERSION)"' \
    -DIVD_CONFIG_PATH='"$(sysconfdir)/ivshmemd.conf"'
ivshmemd_SOURCES = src/host/ivshmemd.c
ivshmemd_CPPFLAGS = $(src_host_cppflags)
ivshmemd_CFLAGS = $(ivd_cflags)
ivshmemd_LDADD = $(ivd_libs)

noinst_LTLIBRARIES += src/host/libhost.la
src_host_libhost_la_CPPFLAGS = $(src_host_cppflags)
src_host_libhost_la_CFLAGS = $(ivd_cflags)
src_host_libhost_la_SOURCES = \
    src/host/clock.h \
    src/host/config.c \
    src/host/host_config.h \
    src/host/config_keys.c \
    src/host/config_sample.c \
    src/host/daemon.c \
    src/host/daemon.h \
    src/host/domain.h \
    src/host/doorbell.c \
    src/host/doorbell.h \
    src/host/fault.c \
    src/host/fault.h \
    src/host/listen.c \
    src/host/listen.h \
    src/host/log.c \
    src/host/log.h \
    src/host/notify.c \
    src/host/notify.h \
    src/host/numa.c \
    src/host/numa.h \
    src/host/owner.c \
    src/host/owner.h \
    src/host/prepare.c \
    src/host/prepare.h \
    src/host/protocol.c \
    src/host/protocol.h \
    src/host/region.c \
    src/host/region.h \
    src/host/revoked.c \
    src/host/revoked.h \
    src/host/server.c \
    src/host/server.h \
    src/host/source.h \
    src/host/state.c \
    src/host/state.h \
    src/host/status.c \
    src/host/tenant.c \
    src/host/tenant.h \
    src/host/table.c \
    src/host/table.h \
    src/locality/ctl/json_put.c \
    src/locality/ctl/json_put.h \
    src/locality/ctl/parse.c \
    src/locality/ctl/parse.h
if HAVE_XML2
src_host_libhost_la_SOURCES += src/host/domain.c src/host/domain_text.c src/host/domain_vf.c
endif
if BUILD_LIBVIRT
src_host_libhost_la_SOURCES += src/host/plug.c src/host/plug.h src/host/source_libvirt.c
else
src_host_libhost_la_SOURCES += src/host/source_none.c
endif
endif

if BUILD_TOOLS
systemdunitdir = $(prefix)/lib/systemd/system
nodist_systemdunit_DATA = contrib/systemd/ivshmemd.service
sysusersdir = $(prefix)/lib/sysusers.d
nodist_sysusers_DATA = contrib/systemd/ivshmemd.conf
CLEANFILES += $(nodist_systemdunit_DATA) $(nodist_sysusers_DATA)

contrib/systemd/ivshmemd.service: contrib/systemd/ivshmemd.service.in
	$(AM_V_GEN)$(MKDIR_P) $(@D) && sed 's|[@]sbindir@|$(sbindir)|g' $(srcdir)/$@.in >$@
contrib/systemd/ivshmemd.conf: contrib/systemd/ivshmemd.sysusers
	$(AM_V_GEN)$(MKDIR_P) $(@D) && cp $(srcdir)/contrib/systemd/ivshmemd.sysusers $@

# The configuration is the operator's: one that is there stays, and what was edited is not removed.
host_sample = $(srcdir)/contrib/ivshmemd.conf
host_conf = $(DESTDIR)$(sysconfdir)/ivshmemd.conf
install-data-local:
	$(MKDIR_P) "$(DESTDIR)$(sysconfdir)"
	test -e "$(host_conf)" || $(INSTALL_DATA) "$(host_sample)" "$(host_conf)"
uninstall-local:
	if cmp -s "$(host_sample)" "$(host_conf)"; then rm -f "$(host_conf)"; fi
endif
