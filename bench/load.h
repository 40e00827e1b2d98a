/* What the two halves of the load generator share: load.c counts and decides, load_wire.c speaks HTTP and WebSocket. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H
#include <stddef.h>

enum mode { STREAM, FIXED, WS, IDLE };
enum state { CLOSED, HANDSHAKE, OPEN, HEAD, BODY };
enum framing { BY_LENGTH, BY_CHUNKS, BY_CLOSE };
enum chunk { CHUNK_SIZE, CHUNK_DATA, CHUNK_END, CHUNK_TRAILER };

typedef struct { char *path, *body; } Target;

typedef struct {
    int fd;
    enum state state;
    enum framing framing;
    enum chunk chunk;
    int line_empty, newlines;
    long left, turn, tokens, matched; /* matched: bytes of the wanted beginning in this line, -1 where it begins otherwise */
    size_t index;
    double opens_at, sent_at, first_at;
    char last;  /* the byte before the next one: a token's digit and its space may come in two reads */
    char *held; /* bytes of an unfinished head or WebSocket frame */
    size_t held_len, held_room;
} Conn;

struct options {
    enum mode mode;
    int ports[8], port_count, connections, pid_count, pids[64];
    double warm, ramp, seconds, delay;
    long requests, expect;
    char headers[4096];
    const char *lines; /* tokens count in lines that begin so; everywhere where it is empty */
};

extern struct options opt;
extern int epoll_fd;
extern long errors, started, finished;

/* load.c */
double now(void);
void die(const char *why);
void complain(const char *what, const char *text, size_t n);
Target *target_of(Conn *c);
int more_wanted(void);
void count_tokens(Conn *c, const char *data, size_t n, double at);
void count_lines(Conn *c, const char *data, size_t n, double at);
void count_events(Conn *c, const char *data, size_t n);
void count_frame(void);
void count_answer(Conn *c, double at);
void count_read(size_t n);
void count_reopened(void);

/* load_wire.c */
void open_connection(Conn *c);
void on_readable(Conn *c);

#endif
