/* Reads 4 KiB at random places of a file's first megabytes, one after another and past the guest's cache, for some seconds: how many a second. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

int main(int count, char **words) {
  if (count != 4) return 2;
  int file = open(words[1], O_RDONLY | O_DIRECT);
  uint64_t pages = strtoull(words[2], NULL, 10) * 256, state = 88172645463325252ull, reads = 0;
  double from = now(), until = from + atof(words[3]);
  void *page;
  if (file < 0 || posix_memalign(&page, 4096, 4096)) return 1;
  while (now() < until) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    if (pread(file, page, 4096, (state % pages) * 4096) != 4096) return 1;
    reads++;
  }
  printf("%.0f\n", reads / (now() - from));
  return 0;
}
