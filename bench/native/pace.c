/*
 * A proxy whose connections the kernel itself keeps to so many bytes a second
 * (SO_MAX_PACING_RATE), and which copies none of them: 16 connections of
 * 20 MB/s cost it next to nothing.
 *
 *     pace HOST PORT BYTES_A_SECOND
 *
 * It prints {"port","control"}; what connects to the latter is told
 * {"connections"}.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define AT_ONCE (1 << 18)

static struct sockaddr_in target = {.sin_family = AF_INET};
static unsigned int rate;
static int connections;

struct way {
  int from, to;
};

static void *carry(void *argument) {
  struct way way = *(struct way *)argument;
  free(argument);
  int ends[2];
  if (pipe(ends)) exit(1);
  fcntl(ends[1], F_SETPIPE_SZ, AT_ONCE);
  for (;;) {
    ssize_t some = splice(way.from, NULL, ends[1], NULL, AT_ONCE,
                          SPLICE_F_MOVE | SPLICE_F_MORE);
    if (some <= 0) break;
    while (some > 0) {
      ssize_t sent =
          splice(ends[0], NULL, way.to, NULL, some, SPLICE_F_MOVE);
      if (sent <= 0) goto done;
      some -= sent;
    }
  }
done:
  shutdown(way.to, SHUT_WR);
  shutdown(way.from, SHUT_RD);
  close(ends[0]);
  close(ends[1]);
  return NULL;
}

static pthread_t start(int from, int to) {
  struct way *way = malloc(sizeof *way);
  *way = (struct way){from, to};
  pthread_t thread;
  pthread_create(&thread, NULL, carry, way);
  return thread;
}

static void *serve(void *argument) {
  int client = (int)(long)argument, yes = 1;
  int server = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(client, SOL_SOCKET, SO_MAX_PACING_RATE, &rate, sizeof rate);
  setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (connect(server, (void *)&target, sizeof target) == 0) {
    pthread_t up = start(client, server);
    pthread_join(start(server, client), NULL);
    pthread_join(up, NULL);
  }
  close(client);
  close(server);
  return NULL;
}

static int listener(int *port) {
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int found = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(found, (void *)&address, sizeof address) || listen(found, 128) ||
      getsockname(found, (void *)&address, &length)) {
    perror("listen");
    exit(1);
  }
  *port = ntohs(address.sin_port);
  return found;
}

static void *control(void *argument) {
  int listening = (int)(long)argument;
  for (int client; (client = accept(listening, NULL, NULL)) >= 0;) {
    char request[2048], answer[256];
    if (recv(client, request, sizeof request, 0) > 0) {
      char body[64];
      int size = snprintf(body, sizeof body, "{\"connections\":%d}",
                          __atomic_load_n(&connections, __ATOMIC_RELAXED));
      int length = snprintf(answer, sizeof answer,
                            "HTTP/1.1 200 OK\r\nConnection: close\r\n"
                            "Content-Length: %d\r\n\r\n%s",
                            size, body);
      if (send(client, answer, length, 0) != length) perror("send");
    }
    close(client);
  }
  return NULL;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  signal(SIGPIPE, SIG_IGN);
  target.sin_addr.s_addr = inet_addr(argv[1]);
  target.sin_port = htons(atoi(argv[2]));
  rate = atoi(argv[3]);
  int port, control_port;
  int listening = listener(&port), controlled = listener(&control_port);
  pthread_t thread;
  pthread_create(&thread, NULL, control, (void *)(long)controlled);
  printf("{\"port\":%d,\"control\":%d}\n", port, control_port);
  fflush(stdout);
  for (int client; (client = accept(listening, NULL, NULL)) >= 0;) {
    __atomic_add_fetch(&connections, 1, __ATOMIC_RELAXED);
    pthread_create(&thread, NULL, serve, (void *)(long)client);
    pthread_detach(thread);
  }
  return 1;
}
