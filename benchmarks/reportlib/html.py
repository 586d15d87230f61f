# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""Elements of HTML and SVG as text. Whatever is not made here is escaped."""
import html


class Raw(str):
    """Text that is markup already."""


def attribute(name, value):
    return f' {name.rstrip("_").replace("_", "-")}="{html.escape(str(value), quote=True)}"'


def element(name, /, *children, **attributes):
    """Attributes that are None are left out; class_ is class, data_lines is data-lines."""
    start = f"<{name}" + "".join(attribute(key, value) for key, value in attributes.items()
                                 if value is not None)
    inner = "".join(child if isinstance(child, Raw) else html.escape(str(child))
                    for child in children)
    return Raw(f"{start}>{inner}</{name}>")


def void(name, /, **attributes):
    """An element without an end."""
    return Raw(f"<{name}" + "".join(attribute(key, value) for key, value in attributes.items()) + ">")


def join(parts, between=""):
    return Raw(between.join(part if isinstance(part, Raw) else html.escape(str(part))
                            for part in parts))
