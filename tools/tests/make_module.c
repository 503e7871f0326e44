// SPDX-License-Identifier: GPL-2.0-only
/* Writes the sample module with its BTF, for fuzzing to begin with. */
#include <bpf/btf.h>
#include <stdio.h>

#include "sample_types.h"

int main(void)
{
	struct btf *kernel = sample_kernel_types();
	struct blob types = sample_blob(sample_module_types(kernel));
	struct blob module = sample_typed_module(&types);

	return fwrite(module.bytes, module.size, 1, stdout) != 1;
}
