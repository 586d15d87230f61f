# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
#
# Scripts for slurmd, and the configuration to copy from.

if BUILD_TOOLS
slurmdir = $(pkgdatadir)/slurm
dist_slurm_SCRIPTS = contrib/slurm/prolog contrib/slurm/epilog contrib/slurm/task-prolog
dist_slurm_DATA = contrib/slurm/README.md contrib/slurm/ivshmem-slurm.conf
nodist_slurm_DATA = contrib/slurm/common.sh
CLEANFILES += $(nodist_slurm_DATA)

contrib/slurm/common.sh: contrib/slurm/common.sh.in
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
	    sed -e 's|[@]bindir@|$(bindir)|g' -e 's|[@]sysconfdir@|$(sysconfdir)|g' $(srcdir)/$@.in >$@
endif
