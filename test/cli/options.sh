#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
#
# The command line of ivshmemctl: --help, manual page and bash completion agree, the region is
# found wherever it may be named, and a wrong line is refused in one line.
set -uo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=test/lib/tap.sh
. "$top/test/lib/tap.sh"
ctl=$(realpath "${IVSHMEMCTL:-./ivshmemctl}")
page=$top/man/ivshmemctl.8
commands=(create add-vm remove-vm show doctor gc status attach detach plan)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
unset IVSHMEM_REGION "${!MPIR_CVAR_@}"
PATH=${ctl%/*}:$PATH

# ---- help, manual page, completion --------------------------------------------------------------

page_is_clean()
{
    local out

    command -v groff >/dev/null || { echo 'groff is not installed'; return 77; }
    out=$(groff -ww -man -Tutf8 -z "$page" 2>&1)
    printf '%s\n' "$out"
    [ -z "$out" ]
}

# Options in the text on standard input, sorted; not those of "see --help" and the like.
options_in()
{
    grep -oE -- '(^|[ ,])--[a-z][a-z-]+' | grep -oE -- '--.*' | sort -u
}

# complete_words WORD...: what completion offers for the last word.
complete_words()
{
    COMP_WORDS=(ivshmemctl "$@")
    COMP_CWORD=$#
    COMPREPLY=()
    _ivshmemctl
    if [ "${#COMPREPLY[@]}" -gt 0 ]; then printf '%s\n' "${COMPREPLY[@]}" | sort; fi
}

# offers WANTED WORD...
offers()
{
    local wanted=$1
    shift
    diff <(printf '%s\n' "$wanted") <(complete_words "$@")
}

help_works()
{
    "$ctl" "$@" --help >out 2>err || return
    grep -q '^Usage: ivshmemctl' out && [ ! -s err ] && "$ctl" "$@" -h | cmp - out
}

# says_of_region COMMAND TEXT: its --help, of the region.
says_of_region()
{
    "$ctl" "$1" --help | grep -qF -- "$2"
}

command_lists_agree()
{
    diff <(printf '%s\n' "${commands[@]}") \
        <("$ctl" --help | sed -n 's/^  \([a-z][a-z-]*\)  *[a-z].*/\1/p') &&
        diff <(printf '%s\n' "${commands[@]}") <(sed -n 's/^\.SS //p' "$page")
}

# The section of the manual page about the command has the options of its --help.
section_agrees()
{
    diff <("$ctl" "$1" --help | options_in | grep -vxE -- '--(region|help)') \
        <(sed -n "/^\.SS $1\$/,/^\.S[SH] /s/\\\\-/-/gp" "$page" |
            sed -n 's/^\.\(B\|BI\|BR\) .*\(--[a-z-]*\).*/\2/p' | sort -u)
}

# shellcheck source=contrib/completion/ivshmemctl
. "$top/contrib/completion/ivshmemctl"
tap_check 'manual page, completion and --help have the same options' \
    "$top/test/lint/check-manual" "$top" "$ctl"
tap_check 'the manual page formats without a warning' page_is_clean
tap_check 'manual page and --help have the same commands' command_lists_agree
tap_check '--help' help_works
tap_check 'completion offers the commands' offers "$(printf '%s\n' "${commands[@]}" | sort)" ''
for command in "${commands[@]}"; do
    tap_check "$command --help" help_works "$command"
    tap_check "completion of $command offers the options of its --help" \
        offers "$("$ctl" "$command" --help | options_in)" "$command" --
    tap_check "the manual page tells the options of $command" section_agrees "$command"
done
tap_check 'help of show: where the region comes from' says_of_region show "else pci:auto."
tap_check 'help of create: it has no default' says_of_region create 'It has to be named.'
tap_check 'help of attach: a name' says_of_region attach "a name in the daemon's configuration"
tap_check '--version' grep -qE '^ivshmemctl [0-9.]+.*, region ABI 1\.0$' <("$ctl" --version)

# ---- naming the region --------------------------------------------------------------------------

# shows PATH COMMAND...: the command shows the region at PATH.
shows()
{
    local path=$1
    shift
    "$@" >out || return
    head -n 1 out | grep -x "region *file:$path"
}

"$ctl" create "$work/a" --size 1M >/dev/null
"$ctl" create "$work/b" --size 1M >/dev/null
"$ctl" add-vm "$work/a" vm1 >/dev/null
"$ctl" add-vm "$work/a" vm2 >/dev/null
a=$work/a b=$work/b
tap_check 'region as a path' shows "$a" "$ctl" show "$a"
tap_check 'region as a relative path' shows "$a" "$ctl" show ./a
tap_check 'region as a URI' shows "$a" "$ctl" show "file:$a"
tap_check 'region before the command' shows "$a" "$ctl" --region="$a" show
tap_check 'region as an option of the command' shows "$a" "$ctl" show -r "file:$a"
tap_check 'region from IVSHMEM_REGION' shows "$a" env IVSHMEM_REGION="$a" "$ctl" show
tap_check 'region from MPIR_CVAR_IVSHMEM_URI' \
    shows "$a" env MPIR_CVAR_IVSHMEM_URI="file:$a" "$ctl" show
tap_check 'IVSHMEM_REGION goes before MPIR_CVAR_IVSHMEM_URI' \
    shows "$a" env IVSHMEM_REGION="$a" MPIR_CVAR_IVSHMEM_URI="file:$b" "$ctl" show
tap_check 'an operand goes before the environment' \
    shows "$a" env IVSHMEM_REGION="$b" "$ctl" show "$a"
tap_check 'completion offers the VMs of the region' \
    offers $'vm1\nvm2' remove-vm "$a" vm

# ---- wrong lines --------------------------------------------------------------------------------

# refused MESSAGE ARG...: status 2, nothing on standard output, this one line on standard error.
refused()
{
    local message="ivshmemctl: $1" status=0
    shift
    "$ctl" "$@" >out 2>err || status=$?
    cat out err
    [ "$status" -eq 2 ] && [ ! -s out ] && [ "$(cat err)" = "$message" ]
}

tap_check 'no command' refused 'command line: no command: see ivshmemctl --help'
tap_check 'unknown command' refused 'shew: no such command: see ivshmemctl --help' shew
tap_check 'control characters of a word are not printed' \
    refused 's?[1m?: no such command: see ivshmemctl --help' $'s\e[1m\n'
tap_check 'unknown option before the command' \
    refused '--jsno: unknown option: see ivshmemctl --help' --jsno show
for command in "${commands[@]}"; do
    tap_check "unknown option of $command" \
        refused "--jsno: unknown option: see ivshmemctl $command --help" "$command" --jsno "$a"
done
tap_check 'option of another command' \
    refused '--size=1M: unknown option: see ivshmemctl show --help' show --size=1M "$a"
tap_check 'option without its value' \
    refused '--size: missing argument: see ivshmemctl create --help' create "$a" --size
tap_check 'operand missing' \
    refused 'remove-vm: operand missing: see ivshmemctl remove-vm --help' remove-vm "$a"
tap_check 'one operand too many' \
    refused 'b: one operand too many: see ivshmemctl add-vm --help' add-vm "$a" a b
tap_check 'status takes no region' \
    refused 'b: status tells of all regions: leave it out' status b
tap_check 'two regions' refused "$b: one operand too many: see ivshmemctl show --help" \
    show --region="$a" "$b"

create_needs_a_name()
{
    IVSHMEM_REGION=$work/c refused 'create: no region: name one' create --size=1M && [ ! -e c ]
}
tap_check 'create does not take the region from the environment' create_needs_a_name

disk_is_full()
{
    local status=0
    "$ctl" show "$a" >/dev/full 2>err || status=$?
    cat err
    [ "$status" -eq 1 ] && grep -q '^ivshmemctl: standard output: ' err
}
tap_check 'output that cannot be written' disk_is_full
tap_done
if [ "$tap_failed" -ne 0 ]; then exit 1; fi
