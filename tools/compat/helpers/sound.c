// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plays and captures on a sound card with the bare interface of its PCM files:
 * 48000 Hz, two channels of 16 bits. If DEVICE-OUT and DEVICE-IN are a cable's
 * ends, what was played must come in.
 * Runs in the lab's guest.
 * Usage: sound play DEVICE PERIODS
 *        sound capture DEVICE PERIODS
 *        sound loop DEVICE-OUT DEVICE-IN PERIODS
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sound/asound.h>
#include <unistd.h>

#define RATE		48000
#define FRAMES		1024	/* in a period */
#define PERIODS		4	/* in the ring */
#define CHANNELS	2

typedef int16_t period_t[FRAMES * CHANNELS];

static void need(int good, const char *what)
{
	if (!good) {
		printf("sound: %s: %s\n", what, strerror(errno));
		exit(1);
	}
}

static void all_masks(struct snd_pcm_hw_params *params)
{
	unsigned int i;

	memset(params, 0, sizeof(*params));
	for (i = 0; i <= SNDRV_PCM_HW_PARAM_LAST_MASK - SNDRV_PCM_HW_PARAM_FIRST_MASK; i++)
		memset(&params->masks[i], 0xff, sizeof(params->masks[i]));
	for (i = 0; i <= SNDRV_PCM_HW_PARAM_LAST_INTERVAL - SNDRV_PCM_HW_PARAM_FIRST_INTERVAL; i++)
		params->intervals[i].max = ~0u;
	params->rmask = ~0u;
	params->info = ~0u;
}

static void set_mask(struct snd_pcm_hw_params *params, int what, int bit)
{
	struct snd_mask *mask = &params->masks[what - SNDRV_PCM_HW_PARAM_FIRST_MASK];

	memset(mask, 0, sizeof(*mask));
	mask->bits[bit / 32] = 1u << bit % 32;
}

static void set_number(struct snd_pcm_hw_params *params, int what, unsigned int number)
{
	struct snd_interval *interval =
		&params->intervals[what - SNDRV_PCM_HW_PARAM_FIRST_INTERVAL];

	interval->min = interval->max = number;
	interval->integer = 1;
}

static int open_pcm(const char *path, int flags)
{
	struct snd_pcm_hw_params hw;
	struct snd_pcm_sw_params sw = {
		.tstamp_mode = SNDRV_PCM_TSTAMP_NONE, .period_step = 1, .avail_min = FRAMES,
		.start_threshold = FRAMES * PERIODS * 16, .stop_threshold = FRAMES * PERIODS,
		.boundary = FRAMES * PERIODS,
	};
	struct snd_pcm_info info;
	int fd = open(path, flags | O_NONBLOCK);

	need(fd >= 0, path);
	need(!ioctl(fd, SNDRV_PCM_IOCTL_INFO, &info), "info");
	all_masks(&hw);
	set_mask(&hw, SNDRV_PCM_HW_PARAM_ACCESS, SNDRV_PCM_ACCESS_RW_INTERLEAVED);
	set_mask(&hw, SNDRV_PCM_HW_PARAM_FORMAT, SNDRV_PCM_FORMAT_S16_LE);
	set_number(&hw, SNDRV_PCM_HW_PARAM_CHANNELS, CHANNELS);
	set_number(&hw, SNDRV_PCM_HW_PARAM_RATE, RATE);
	set_number(&hw, SNDRV_PCM_HW_PARAM_PERIOD_SIZE, FRAMES);
	set_number(&hw, SNDRV_PCM_HW_PARAM_PERIODS, PERIODS);
	need(!ioctl(fd, SNDRV_PCM_IOCTL_HW_PARAMS, &hw), "hardware parameters");
	while (sw.boundary * 2 <= 0x7fffffff - FRAMES * PERIODS)
		sw.boundary *= 2;
	/* Under emulation a period may come late: play on. */
	sw.stop_threshold = sw.boundary;
	need(!ioctl(fd, SNDRV_PCM_IOCTL_SW_PARAMS, &sw), "software parameters");
	need(!ioctl(fd, SNDRV_PCM_IOCTL_PREPARE), "prepare");
	return fd;
}

static void pattern(int16_t *frames, unsigned int period)
{
	unsigned int i;

	for (i = 0; i < FRAMES * CHANNELS; i++)
		frames[i] = (period + 1) * 97 + i * 31 + 1;
}

static int wait_for(int fd, short events)
{
	struct pollfd poller = { .fd = fd, .events = events };

	return poll(&poller, 1, 10000) == 1;
}

static int transfer(int fd, unsigned long what, int16_t *frames)
{
	unsigned int done = 0;

	while (done < FRAMES) {
		struct snd_xferi xfer = { .buf = frames + done * CHANNELS, .frames = FRAMES - done };

		if (!ioctl(fd, what, &xfer) && xfer.result > 0) {
			done += xfer.result;
			continue;
		}
		if (errno != EAGAIN)
			return 0;
		if (!wait_for(fd, what == SNDRV_PCM_IOCTL_WRITEI_FRAMES ? POLLOUT : POLLIN)) {
			errno = ETIMEDOUT;
			return 0;
		}
	}
	return 1;
}

static void play(const char *path, unsigned int periods)
{
	int fd = open_pcm(path, O_WRONLY);
	unsigned int i;
	period_t out;

	for (i = 0; i < periods; i++) {
		pattern(out, i);
		need(transfer(fd, SNDRV_PCM_IOCTL_WRITEI_FRAMES, out), "write");
		if (i == PERIODS - 1) {
			need(!ioctl(fd, SNDRV_PCM_IOCTL_START), "start");
			need(!ioctl(fd, SNDRV_PCM_IOCTL_PAUSE, 1) || errno == ENOSYS || errno == EINVAL,
			     "pause");
			need(!ioctl(fd, SNDRV_PCM_IOCTL_PAUSE, 0) || errno == ENOSYS || errno == EINVAL ||
			     errno == EBADFD, "go on");
		}
	}
	need(!ioctl(fd, SNDRV_PCM_IOCTL_DROP), "drop");
	need(!ioctl(fd, SNDRV_PCM_IOCTL_HW_FREE), "free");
	close(fd);
	printf("played %u\n", periods);
}

static void capture(const char *path, unsigned int periods)
{
	int fd = open_pcm(path, O_RDONLY);
	unsigned int i;
	period_t in;

	need(!ioctl(fd, SNDRV_PCM_IOCTL_START), "start");
	for (i = 0; i < periods; i++)
		need(transfer(fd, SNDRV_PCM_IOCTL_READI_FRAMES, in), "read");
	need(!ioctl(fd, SNDRV_PCM_IOCTL_DROP), "drop");
	close(fd);
	printf("captured %u\n", periods);
}

/* True once the frames of some period are found in what comes in. */
static int is_pattern(const int16_t *in, unsigned int count)
{
	unsigned int i, same = 0;

	for (i = 1; i < count; i++) {
		same = (int16_t)(in[i] - in[i - 1]) == 31 ? same + 1 : 0;
		if (same >= FRAMES * CHANNELS - 2)
			return 1;
	}
	return 0;
}

static void loop(const char *out_path, const char *in_path, unsigned int periods)
{
	int out = open_pcm(out_path, O_WRONLY), in = open_pcm(in_path, O_RDONLY);
	int16_t *heard = calloc(periods, sizeof(period_t));
	unsigned int i, played = 0;
	period_t frames;

	for (; played < PERIODS; played++) {
		pattern(frames, played);
		need(transfer(out, SNDRV_PCM_IOCTL_WRITEI_FRAMES, frames), "write");
	}
	need(!ioctl(in, SNDRV_PCM_IOCTL_START), "start capturing");
	need(!ioctl(out, SNDRV_PCM_IOCTL_START), "start playing");
	for (i = 0; i < periods; i++) {
		need(transfer(in, SNDRV_PCM_IOCTL_READI_FRAMES, heard + i * FRAMES * CHANNELS), "read");
		pattern(frames, played++);
		need(transfer(out, SNDRV_PCM_IOCTL_WRITEI_FRAMES, frames), "write");
	}
	printf("heard %s\n", is_pattern(heard, periods * FRAMES * CHANNELS) ? "what was played" :
								       "something else");
	ioctl(out, SNDRV_PCM_IOCTL_DROP);
	ioctl(in, SNDRV_PCM_IOCTL_DROP);
	close(out);
	close(in);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	alarm(50);
	if (argc == 4 && !strcmp(argv[1], "play"))
		play(argv[2], atoi(argv[3]));
	else if (argc == 4 && !strcmp(argv[1], "capture"))
		capture(argv[2], atoi(argv[3]));
	else if (argc == 5 && !strcmp(argv[1], "loop"))
		loop(argv[2], argv[3], atoi(argv[4]));
	else
		return 2;
	return 0;
}
