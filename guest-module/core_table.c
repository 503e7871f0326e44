// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The portable table, compiled for this module. */
#include "../hv-backends/core/table.c"
