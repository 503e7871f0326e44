// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bank: small objects in a slab cache of the kernel's, some of which it hands
 * to a driver, and the truth about them. Runs in the guest's kernel, trusted.
 *
 * /sys/module/bank/parameters/accounts: "opened BALANCE TURNOVER others CHANGED",
 * sums over the accounts that are open, and how many of the others are not empty.
 */

#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "bank.h"

#define ACCOUNTS	256u	/* some pages full, so that their neighbours are known */
#define OPEN_MAX	4u

static struct kmem_cache *cache;
static struct account *accounts[ACCOUNTS];
static unsigned int opened_as[OPEN_MAX];	/* index + 1; 0: not open */
static DEFINE_MUTEX(lock);

static unsigned int index_of(const void *at)
{
	unsigned int i;

	for (i = 0; i < ACCOUNTS; i++)
		if (accounts[i] == at)
			break;
	return i;
}

static bool is_open(unsigned int i)
{
	unsigned int n;

	for (n = 0; n < OPEN_MAX; n++)
		if (opened_as[n] == i + 1)
			return true;
	return false;
}

static bool same_page(const void *a, const void *b)
{
	return ((unsigned long)a ^ (unsigned long)b) < PAGE_SIZE;
}

/*
 * Neither it nor the one behind it, which the driver may hit, is open, nor was it
 * hit from the one before it; and they are of the first one's page.
 */
static bool is_good(unsigned int i)
{
	unsigned int next = index_of(accounts[i] + 1);

	return same_page(accounts[i], accounts[0]) && next < ACCOUNTS &&
	       same_page(accounts[next], accounts[0]) && !is_open(i) &&
	       !is_open(next) && !is_open(index_of(accounts[i] - 1));
}

int bank_open(unsigned int number,
	      void (*opened)(struct account *account, unsigned int number))
{
	unsigned int i = 0;
	int err = -EINVAL;

	mutex_lock(&lock);
	if (number < OPEN_MAX && !opened_as[number]) {
		while (i < ACCOUNTS && !is_good(i))
			i++;
		err = i < ACCOUNTS ? 0 : -ENOSPC;
	}
	if (!err) {
		opened_as[number] = i + 1;
		opened(accounts[i], number);
	}
	mutex_unlock(&lock);
	return err;
}
EXPORT_SYMBOL_GPL(bank_open);

/*
 * On the first processor, as all allocations here: what is freed lies on a list of
 * the processor's. Then the next one's memory is the same, as no other is free.
 */
static long free_and_allocate(void *arg)
{
	struct account **slot = arg, *old = *slot;

	kmem_cache_free(cache, old);
	*slot = kmem_cache_zalloc(cache, GFP_KERNEL);
	return *slot == old ? 0 : -EAGAIN;
}

int bank_close(unsigned int number)
{
	unsigned int i;
	int err = -EINVAL;

	mutex_lock(&lock);
	if (number < OPEN_MAX && opened_as[number]) {
		i = opened_as[number] - 1;
		opened_as[number] = 0;
		err = work_on_cpu(0, free_and_allocate, &accounts[i]);
	}
	mutex_unlock(&lock);
	return err;
}
EXPORT_SYMBOL_GPL(bank_close);

static int accounts_get(char *buffer, const struct kernel_param *param)
{
	u64 balance = 0, turnover = 0;
	unsigned int i, others = 0;

	mutex_lock(&lock);
	for (i = 0; i < ACCOUNTS; i++) {
		if (is_open(i)) {
			balance += READ_ONCE(accounts[i]->balance);
			turnover += READ_ONCE(accounts[i]->turnover);
		} else {
			others += accounts[i] &&
				  memchr_inv(accounts[i], 0, sizeof(*accounts[i]));
		}
	}
	mutex_unlock(&lock);
	return sprintf(buffer, "opened %llu %llu others %u\n", balance, turnover,
		       others);
}

static const struct kernel_param_ops accounts_ops = { .get = accounts_get };
module_param_cb(accounts, &accounts_ops, NULL, 0444);
MODULE_PARM_DESC(accounts, "what is in the accounts");

static void free_all(void)
{
	unsigned int i;

	for (i = 0; i < ACCOUNTS; i++)
		if (accounts[i])
			kmem_cache_free(cache, accounts[i]);
	kmem_cache_destroy(cache);
}

static long allocate_all(void *unused)
{
	unsigned int i;

	for (i = 0; i < ACCOUNTS; i++) {
		accounts[i] = kmem_cache_zalloc(cache, GFP_KERNEL);
		if (!accounts[i])
			return -ENOMEM;
	}
	return 0;
}

static int __init bank_init(void)
{
	int err;

	/* The bytes for user space keep the cache apart from others of that size. */
	cache = kmem_cache_create_usercopy("bank_account", sizeof(struct account),
					   0, 0, 0, sizeof(u64), NULL);
	if (!cache)
		return -ENOMEM;
	err = work_on_cpu(0, allocate_all, NULL);
	if (err)
		free_all();
	return err;
}
module_init(bank_init);

static void __exit bank_exit(void)
{
	free_all();
}
module_exit(bank_exit);

MODULE_DESCRIPTION("Objects for the driver that needs a policy, to test chariot");
MODULE_LICENSE("GPL");
