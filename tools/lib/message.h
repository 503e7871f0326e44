/* SPDX-License-Identifier: GPL-2.0-only */
/* What the commands say on standard error, in kmod's form. User space. */
#ifndef CHARIOT_MESSAGE_H
#define CHARIOT_MESSAGE_H

/* The command's name, set once by main(). */
extern const char *message_program;

/* "program: ERROR: text", "program: WARNING: text", "program: text" */
void message_error(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
void message_warning(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
void message_note(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/**
 * message_errno - "No such device (ENODEV)"
 * @err: errno, positive or negative
 *
 * Return: text in a static buffer, good until the next call.
 */
const char *message_errno(int err);

#endif /* CHARIOT_MESSAGE_H */
