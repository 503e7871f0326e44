// SPDX-License-Identifier: GPL-2.0-only
/* A driver that another driver depends on. Runs in the guest's kernel. */

#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "good_base.h"

static DEFINE_MUTEX(lock);
static unsigned int *values;
static unsigned int used;
static void (*listener)(unsigned int value);

int good_base_add(unsigned int value)
{
	void (*tell)(unsigned int value);
	unsigned int *bigger;
	int err = 0;

	mutex_lock(&lock);
	bigger = krealloc_array(values, used + 1, sizeof(*values), GFP_KERNEL);
	if (bigger) {
		values = bigger;
		values[used++] = value;
	} else {
		err = -ENOMEM;
	}
	tell = listener;
	mutex_unlock(&lock);
	if (!err && tell)
		tell(value);
	return err;
}
EXPORT_SYMBOL_GPL(good_base_add);

unsigned int good_base_sum(void)
{
	unsigned int i, sum = 0;

	mutex_lock(&lock);
	for (i = 0; i < used; i++)
		sum += values[i];
	mutex_unlock(&lock);
	return sum;
}
EXPORT_SYMBOL_GPL(good_base_sum);

void good_base_listen(void (*function)(unsigned int value))
{
	mutex_lock(&lock);
	listener = function;
	mutex_unlock(&lock);
}
EXPORT_SYMBOL_GPL(good_base_listen);

static int __init good_base_init(void)
{
	return good_base_add(1);
}
module_init(good_base_init);

static void __exit good_base_exit(void)
{
	kfree(values);
}
module_exit(good_base_exit);

MODULE_DESCRIPTION("A driver that another one depends on, to test chariot");
MODULE_LICENSE("GPL");
