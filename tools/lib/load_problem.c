// SPDX-License-Identifier: GPL-2.0-only
/* Why chariot.ko could not be loaded, in words. Runs in user space. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "load.h"
#include "message.h"

const char *load_chariot_problem(int err)
{
	static char text[384];
	struct utsname system;

	uname(&system);
	switch (err) {
	case -ENOENT:
		snprintf(text, sizeof(text),
			 "chariot.ko is not installed for kernel %s: 'make install' it for this kernel, then 'modprobe chariot'",
			 system.release);
		break;
	case -EPERM:
	case -EACCES:
		snprintf(text, sizeof(text),
			 "chariot.ko is not loaded, and may not be loaded by this user: run this as root");
		break;
	case -ENOKEY:
	case -EKEYREJECTED:
	case -EKEYEXPIRED:
	case -EBADMSG:
		snprintf(text, sizeof(text),
			 "chariot.ko is not loaded: this kernel takes signed modules only (%s): sign chariot.ko with a key it trusts (mokutil --import), then 'modprobe chariot'",
			 strerrorname_np(-err));
		break;
	case -ENOEXEC:
		snprintf(text, sizeof(text),
			 "chariot.ko is not loaded: it was built for another kernel than %s: build it anew, then 'modprobe chariot'",
			 system.release);
		break;
	default:
		snprintf(text, sizeof(text),
			 "chariot.ko is not loaded, and loading it failed: %s: run 'modprobe chariot' and see dmesg",
			 message_errno(err));
	}
	return text;
}
