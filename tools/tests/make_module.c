// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes the sample module with its BTF, for fuzzing to begin with; with an
 * argument the BTF of its kernel.
 */
#include <bpf/btf.h>
#include <stdio.h>

#include "sample_types.h"

int main(int argc, char **argv)
{
	struct btf *kernel = sample_kernel_types();
	struct blob types = sample_blob(sample_module_types(kernel));
	struct blob module = sample_typed_module(&types);

	struct blob base = sample_blob(kernel);

	(void)argv;
	if (argc > 1)
		return fwrite(base.bytes, base.size, 1, stdout) != 1;
	return fwrite(module.bytes, module.size, 1, stdout) != 1;
}
