/*
 * What a guest measures itself with, so that it is not a tool that is measured:
 *   reads FILE MIB SECONDS      4 KiB at random places of the file's first MiB, one after another and past the guest's cache: how many a second
 *   up | down HOST PORT MIB     a connection to peer.ts, which is told by this word what it is for: so much is sent, or taken until it ends
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PIECE (256 * 1024)

static char piece[PIECE] __attribute__((aligned(4096)));

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static int randomReads(char **words) {
  int file = open(words[0], O_RDONLY | O_DIRECT);
  uint64_t pages = strtoull(words[1], NULL, 10) * 256, state = 88172645463325252ull, reads = 0;
  double from = now(), until = from + atof(words[2]);
  if (file < 0) return 1;
  while (now() < until) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    if (pread(file, piece, 4096, (state % pages) * 4096) != 4096) return 1;
    reads++;
  }
  printf("%.0f\n", reads / (now() - from));
  return 0;
}

static int connection(const char *word, char **words) {
  struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(atoi(words[1]))};
  int wire = socket(AF_INET, SOCK_STREAM, 0);
  if (inet_pton(AF_INET, words[0], &peer.sin_addr) != 1) return 2;
  if (wire < 0 || connect(wire, (struct sockaddr *)&peer, sizeof peer)) return 1;
  if (write(wire, word, strlen(word)) < 0) return 1;
  if (strcmp(word, "up") == 0) {
    for (int64_t left = strtoll(words[2], NULL, 10) << 20; left > 0;) {
      ssize_t written = write(wire, piece, left < PIECE ? left : PIECE);
      if (written <= 0) return 1;
      left -= written;
    }
    shutdown(wire, SHUT_WR);
  }
  ssize_t taken;
  while ((taken = read(wire, piece, PIECE)) > 0) continue;
  return taken < 0;
}

int main(int count, char **words) {
  if (count != 5) return 2;
  if (strcmp(words[1], "reads") == 0) return randomReads(words + 2);
  return connection(words[1], words + 2);
}
