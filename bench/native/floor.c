/*
 * The floor: what a pull costs in C. Some threads, a connection each, receive
 * into one buffer, hash it and write it to its place in a file, or in two.
 *
 *     floor HOST PORT REPOSITORY THREADS FILES DIGEST=SIZE...
 *
 * Built by native.ts with -lcrypto -lpthread.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SIZE (1 << 20)
#define MOST 4096

static const char *host, *port, *repository;
static char **blobs;
static int count, next, files, out[2];
static long offsets[MOST];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int take(void) {
  pthread_mutex_lock(&lock);
  int index = next < count ? next++ : -1;
  pthread_mutex_unlock(&lock);
  return index;
}

static void put(const char *bytes, size_t length, long position) {
  for (int file = 0; file < files; file++) {
    for (size_t done = 0; done < length;) {
      ssize_t wrote =
          pwrite(out[file], bytes + done, length - done, position + done);
      if (wrote <= 0) fail("pwrite");
      done += wrote;
    }
  }
}

static void fetch(int connection, char *buffer, int index) {
  char digest[160], request[1024];
  long size;
  if (sscanf(blobs[index], "%150[^=]=%ld", digest, &size) != 2) exit(2);
  int length = snprintf(request, sizeof request,
                        "GET /v2/%s/blobs/%s HTTP/1.1\r\nHost: %s:%s\r\n\r\n",
                        repository, digest, host, port);
  if (send(connection, request, length, 0) != length) fail("send");
  size_t have = 0;
  char *end = NULL;
  while (!end) {
    ssize_t got = recv(connection, buffer + have, SIZE - have, 0);
    if (got <= 0) fail("recv");
    have += got;
    end = memmem(buffer, have, "\r\n\r\n", 4);
  }
  if (strncmp(buffer, "HTTP/1.1 200", 12)) {
    fprintf(stderr, "%.60s\n", buffer);
    exit(1);
  }
  EVP_MD_CTX *hash = EVP_MD_CTX_new();
  EVP_DigestInit_ex(hash, EVP_sha256(), NULL);
  char *bytes = end + 4;
  size_t some = have - (bytes - buffer);
  for (long position = 0;;) {
    EVP_DigestUpdate(hash, bytes, some);
    put(bytes, some, offsets[index] + position);
    position += some;
    if (position >= size) break;
    ssize_t got = recv(connection, buffer, SIZE, 0);
    if (got <= 0) fail("recv");
    bytes = buffer;
    some = got;
  }
  unsigned char sum[32];
  char hex[72] = "sha256:";
  EVP_DigestFinal_ex(hash, sum, NULL);
  EVP_MD_CTX_free(hash);
  for (int i = 0; i < 32; i++) sprintf(hex + 7 + 2 * i, "%02x", sum[i]);
  if (strcmp(hex, digest)) {
    fprintf(stderr, "%s has other bytes\n", digest);
    exit(1);
  }
}

static void *work(void *none) {
  char *buffer = malloc(SIZE);
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons(atoi(port)),
                                .sin_addr.s_addr = inet_addr(host)};
  int connection = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(connection, (void *)&address, sizeof address)) fail("connect");
  for (int index; (index = take()) >= 0;) fetch(connection, buffer, index);
  return none;
}

int main(int argc, char **argv) {
  if (argc < 7 || argc - 6 > MOST) return 2;
  host = argv[1], port = argv[2], repository = argv[3];
  int threads = atoi(argv[4]);
  files = atoi(argv[5]);
  if (files > 2 || threads < 1) return 2;
  blobs = argv + 6, count = argc - 6;
  long total = 0;
  for (int i = 0; i < count; i++) {
    offsets[i] = total;
    total += atol(strchr(blobs[i], '=') + 1);
  }
  const char *names[] = {"out.bin", "second.bin"};
  for (int i = 0; i < files; i++) {
    out[i] = open(names[i], O_CREAT | O_TRUNC | O_WRONLY, 0644);
    if (out[i] < 0 || ftruncate(out[i], total)) fail(names[i]);
  }
  pthread_t all[threads];
  for (int i = 0; i < threads; i++) pthread_create(all + i, NULL, work, NULL);
  for (int i = 0; i < threads; i++) pthread_join(all[i], NULL);
  return 0;
}
