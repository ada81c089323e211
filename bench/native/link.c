/*
 * A link between this machine and a network of its own: packets take so long
 * each way, no more than so many bytes go each way in a second, and one in so
 * many is lost. What TCP makes of that is TCP's own. Two TUN devices, the far
 * one in a new network namespace, and this program in between; COMMAND runs
 * at the far end.
 *
 *     link NETWORK BYTES_A_SECOND MILLISECONDS LOST_OF_A_MILLION CONTROL
 *          COMMAND...
 *
 * NETWORK is 0 to 63: this end is 198.18.0.(4n+1), the far one 198.18.0.(4n+2),
 * of the addresses that are set aside for benchmarks. CONTROL is the congestion
 * control of the far end. It wants root.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SLOTS (1 << 14)
#define MTU 1500
/* Preamble, header, checksum and gap of Ethernet, which a link carries too. */
#define FRAME 38
/* So early a packet may leave, to let several leave at once. */
#define EARLY 100000

struct packet {
  int64_t due;
  int length;
  char bytes[MTU + 36];
};

struct direction {
  int from, to;
  uint64_t random;
  struct packet *packets;
  unsigned head, tail;
  pthread_mutex_t lock;
  pthread_cond_t some;
};

static int64_t rate, delay, queue;
static uint64_t loss;

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static int is_lost(struct direction *way) {
  way->random ^= way->random << 13;
  way->random ^= way->random >> 7;
  way->random ^= way->random << 17;
  return way->random % 1000000 < loss;
}

static void *enter(void *argument) {
  struct direction *way = argument;
  int64_t free_at = 0;
  for (;;) {
    struct packet *packet = &way->packets[way->head % SLOTS];
    int length = read(way->from, packet->bytes, sizeof packet->bytes);
    if (length <= 0) {
      if (length < 0 && errno == EINTR) continue;
      perror("read");
      exit(1);
    }
    int64_t time = now();
    if (free_at < time) free_at = time;
    /* A buffer of one round trip, as a router has; what comes on top is lost. */
    if (free_at - time > queue || is_lost(way)) continue;
    free_at += (length + FRAME) * 1000000000LL / rate;
    packet->due = free_at + delay;
    packet->length = length;
    pthread_mutex_lock(&way->lock);
    if (way->head - way->tail < SLOTS - 1) way->head++;
    pthread_cond_signal(&way->some);
    pthread_mutex_unlock(&way->lock);
  }
}

static void *leave(void *argument) {
  struct direction *way = argument;
  prctl(PR_SET_TIMERSLACK, 1);
  for (;;) {
    pthread_mutex_lock(&way->lock);
    while (way->head == way->tail) pthread_cond_wait(&way->some, &way->lock);
    unsigned head = way->head;
    pthread_mutex_unlock(&way->lock);
    while (way->tail != head) {
      struct packet *packet = &way->packets[way->tail % SLOTS];
      if (packet->due - EARLY > now()) {
        struct timespec due = {packet->due / 1000000000,
                               packet->due % 1000000000};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
      }
      if (write(way->to, packet->bytes, packet->length) < 0 && errno != EINVAL &&
          errno != EIO) {
        perror("write");
      }
      pthread_mutex_lock(&way->lock);
      way->tail++;
      pthread_mutex_unlock(&way->lock);
    }
  }
  return NULL;
}

static void start(int from, int to, uint64_t seed) {
  struct direction *way = calloc(1, sizeof *way);
  way->from = from;
  way->to = to;
  way->random = seed;
  way->packets = calloc(SLOTS, sizeof *way->packets);
  pthread_mutex_init(&way->lock, NULL);
  pthread_cond_init(&way->some, NULL);
  pthread_t thread;
  pthread_create(&thread, NULL, enter, way);
  pthread_create(&thread, NULL, leave, way);
}

static void check(int result, const char *what) {
  if (result >= 0) return;
  perror(what);
  exit(1);
}

static void address(struct ifreq *request, uint32_t value) {
  struct sockaddr_in *where = (void *)&request->ifr_addr;
  memset(where, 0, sizeof *where);
  where->sin_family = AF_INET;
  where->sin_addr.s_addr = htonl(value);
}

static int device(uint32_t own, uint32_t other) {
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
  strcpy(request.ifr_name, "bench%d");
  int tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
  check(tun, "/dev/net/tun");
  check(ioctl(tun, TUNSETIFF, &request), "TUNSETIFF");
  int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  request.ifr_qlen = 10000;
  check(ioctl(any, SIOCSIFTXQLEN, &request), "SIOCSIFTXQLEN");
  request.ifr_mtu = MTU;
  check(ioctl(any, SIOCSIFMTU, &request), "SIOCSIFMTU");
  address(&request, own);
  check(ioctl(any, SIOCSIFADDR, &request), "SIOCSIFADDR");
  address(&request, other);
  check(ioctl(any, SIOCSIFDSTADDR, &request), "SIOCSIFDSTADDR");
  request.ifr_flags = IFF_UP | IFF_RUNNING | IFF_POINTOPOINT;
  check(ioctl(any, SIOCSIFFLAGS, &request), "SIOCSIFFLAGS");
  close(any);
  return tun;
}

static void loopback(void) {
  struct ifreq request = {.ifr_flags = IFF_UP | IFF_RUNNING | IFF_LOOPBACK};
  strcpy(request.ifr_name, "lo");
  int any = socket(AF_INET, SOCK_DGRAM, 0);
  check(ioctl(any, SIOCSIFFLAGS, &request), "lo");
  close(any);
}

static void control_by(const char *name) {
  int file = open("/proc/sys/net/ipv4/tcp_congestion_control", O_WRONLY);
  check(file, "tcp_congestion_control");
  check(write(file, name, strlen(name)), name);
  close(file);
}

static pid_t child;

static void stop(int signal) {
  (void)signal;
  kill(child, SIGTERM);
}

int main(int argc, char **argv) {
  if (argc < 7) return 2;
  uint32_t base = (198u << 24 | 18u << 16) + 4 * atoi(argv[1]);
  rate = atoll(argv[2]);
  delay = atof(argv[3]) * 1000000;
  queue = 2 * delay;
  loss = atoi(argv[4]);
  int here = device(base + 1, base + 2);
  check(unshare(CLONE_NEWNET), "unshare");
  loopback();
  control_by(argv[5]);
  int there = device(base + 2, base + 1);
  child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    execvp(argv[6], argv + 6);
    perror(argv[6]);
    _exit(127);
  }
  signal(SIGTERM, stop);
  signal(SIGINT, stop);
  start(here, there, 0x9E3779B97F4A7C15);
  start(there, here, 0xD1B54A32D192ED03);
  int status;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
