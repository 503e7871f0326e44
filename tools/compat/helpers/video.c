// SPDX-License-Identifier: GPL-2.0-only
/*
 * Captures frames from a video device into mapped buffers.
 * Runs in the lab's guest. Usage: video DEVICE FRAMES
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define BUFFERS	4
#define CAPTURE	V4L2_BUF_TYPE_VIDEO_CAPTURE

static void need(int good, const char *what)
{
	if (!good) {
		printf("video: %s: %s\n", what, strerror(errno));
		exit(1);
	}
}

static void set_format(int fd)
{
	struct v4l2_format format = { .type = CAPTURE };

	need(!ioctl(fd, VIDIOC_G_FMT, &format), "get the format");
	format.fmt.pix.width = 320;
	format.fmt.pix.height = 180;
	format.fmt.pix.pixelformat = V4L2_PIX_FMT_YUYV;
	need(!ioctl(fd, VIDIOC_S_FMT, &format), "set the format");
	printf("format %ux%u %u\n", format.fmt.pix.width, format.fmt.pix.height,
	       format.fmt.pix.sizeimage);
}

/* A picture has more than one colour. */
static int is_picture(const unsigned char *data, unsigned int size)
{
	unsigned int i;

	for (i = 4; i < size; i++)
		if (data[i] != data[i % 4])
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	struct v4l2_requestbuffers request = {
		.count = BUFFERS, .type = CAPTURE, .memory = V4L2_MEMORY_MMAP,
	};
	struct v4l2_capability capability;
	unsigned char *maps[BUFFERS];
	int fd, type = CAPTURE, frames = argc > 2 ? atoi(argv[2]) : 8, pictures = 0, i;
	unsigned int length = 0;

	need(argc > 1, "no device");
	fd = open(argv[1], O_RDWR);
	need(fd >= 0, argv[1]);
	need(!ioctl(fd, VIDIOC_QUERYCAP, &capability), "capabilities");
	printf("card %s\n", capability.card);
	set_format(fd);
	need(!ioctl(fd, VIDIOC_REQBUFS, &request) && request.count == BUFFERS, "buffers");
	for (i = 0; i < BUFFERS; i++) {
		struct v4l2_buffer buffer = { .type = CAPTURE, .memory = V4L2_MEMORY_MMAP, .index = i };

		need(!ioctl(fd, VIDIOC_QUERYBUF, &buffer), "ask for a buffer");
		length = buffer.length;
		maps[i] = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, buffer.m.offset);
		need(maps[i] != MAP_FAILED, "map a buffer");
		memset(maps[i], 0, length);
		need(!ioctl(fd, VIDIOC_QBUF, &buffer), "queue a buffer");
	}
	need(!ioctl(fd, VIDIOC_STREAMON, &type), "start");
	for (i = 0; i < frames; i++) {
		struct v4l2_buffer buffer = { .type = CAPTURE, .memory = V4L2_MEMORY_MMAP };
		struct pollfd poller = { .fd = fd, .events = POLLIN };

		errno = ETIMEDOUT;
		need(poll(&poller, 1, 10000) == 1, "wait for a frame");
		need(!ioctl(fd, VIDIOC_DQBUF, &buffer), "take a frame");
		pictures += is_picture(maps[buffer.index], buffer.bytesused);
		need(!ioctl(fd, VIDIOC_QBUF, &buffer), "give a buffer back");
	}
	need(!ioctl(fd, VIDIOC_STREAMOFF, &type), "stop");
	for (i = 0; i < BUFFERS; i++)
		munmap(maps[i], length);
	printf("pictures %d\n", pictures);
	return 0;
}
