// SPDX-License-Identifier: GPL-2.0-only
/*
 * Boots another kernel from this one, as it runs, with no service ended before.
 * Usage: kexec KERNEL INITRD COMMAND-LINE. Runs in the lab's guest, as root.
 */

#include <err.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

static int opened(const char *path)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);

	if (file < 0)
		err(EXIT_FAILURE, "%s", path);
	return file;
}

int main(int argc, char **argv)
{
	if (argc != 4)
		errx(EXIT_FAILURE, "usage: kexec KERNEL INITRD COMMAND-LINE");
	if (syscall(SYS_kexec_file_load, opened(argv[1]), opened(argv[2]),
		    strlen(argv[3]) + 1, argv[3], 0UL))
		err(EXIT_FAILURE, "kexec_file_load");
	reboot(LINUX_REBOOT_CMD_KEXEC);
	err(EXIT_FAILURE, "reboot");
}
