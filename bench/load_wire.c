/* The load generator's two protocols: HTTP/1.1 answers (by length, by chunks, until close) and WebSocket frames.
 *
 * Lives here: bytes in and out of one connection. What the bytes are worth is counted in load.c.
 */
#define _GNU_SOURCE
#include "load.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static char input[1 << 18];

static void send_all(Conn *c, const char *data, size_t n) {
    if (send(c->fd, data, n, MSG_NOSIGNAL) != (ssize_t)n) complain("send", strerror(errno), 80);
}

/* Clients must mask; a mask of four zeros is one, and leaves the text readable. */
static void send_frame(Conn *c, int opcode, const char *data, size_t n) {
    static char frame[1 << 17];
    size_t at = 0;
    if (n > sizeof frame - 16) { complain("message too long", data, 40); return; }
    frame[at++] = (char)(0x80 | opcode);
    if (n < 126) frame[at++] = (char)(0x80 | n);
    else if (n < 65536) { frame[at++] = (char)(0x80 | 126); frame[at++] = n >> 8; frame[at++] = n & 255; }
    else { frame[at++] = (char)(0x80 | 127); for (int s = 56; s >= 0; s -= 8) frame[at++] = (n >> s) & 255; }
    memset(frame + at, 0, 4);
    memcpy(frame + at + 4, data, n);
    send_all(c, frame, at + 4 + n);
}

/* Connections take the ports in turn. */
static int port_of(Conn *c) { return opt.ports[c->index % opt.port_count]; }

static void ask(Conn *c) {
    static char request[1 << 18];
    Target *t = target_of(c);
    size_t n = strlen(t->body);
    c->tokens = c->matched = 0;
    c->newlines = 0;
    c->last = 0;
    c->sent_at = now();
    started++;
    if (opt.mode == WS) {
        c->state = OPEN;
        send_frame(c, 1, t->body, n);
        return;
    }
    c->state = HEAD;
    int len = snprintf(request, sizeof request,
                       "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n%sContent-Type: application/json\r\n"
                       "Content-Length: %zu\r\n\r\n%s", n ? "POST" : "GET",
                       t->path, port_of(c), opt.headers, n, t->body);
    if (len >= (int)sizeof request) { complain("request too long", t->path, 80); return; }
    send_all(c, request, len);
}

void open_connection(Conn *c) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port_of(c))};
    int on = 1;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if ((c->fd = socket(AF_INET, SOCK_STREAM, 0)) < 0) die("socket");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(c->fd, (struct sockaddr *)&to, sizeof to)) die("connect");
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &event)) die("epoll");
    c->held_len = 0;
    if (opt.mode == STREAM || opt.mode == FIXED) { ask(c); return; }
    static char hello[8192];
    int n = snprintf(hello, sizeof hello,
                     "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n%s"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
                     target_of(c)->path, port_of(c), opt.headers);
    c->state = HANDSHAKE;
    send_all(c, hello, n);
}

static void close_connection(Conn *c) {
    close(c->fd);
    c->state = CLOSED;
}

/* An answer is whole: note it, and ask again unless enough was asked. */
static void finish(Conn *c, double at) {
    count_answer(c, at);
    c->state = OPEN;
    if (more_wanted()) ask(c);
}

static void body_bytes(Conn *c, const char *data, size_t n, double at) {
    if (opt.mode != STREAM) return;
    if (*opt.lines) count_lines(c, data, n, at);
    else count_tokens(c, data, n, at);
    count_events(c, data, n);
}

static void hold(Conn *c, const char *data, size_t n) {
    if (c->held_len + n + 1 > c->held_room) {
        c->held_room = 2 * (c->held_len + n + 1);
        if (!(c->held = realloc(c->held, c->held_room))) die("memory");
    }
    memcpy(c->held + c->held_len, data, n);
    c->held_len += n;
    c->held[c->held_len] = 0;
}

/* Reads up to the empty line that ends a head; returns how many bytes of `data` belong to it. */
static size_t take_head(Conn *c, const char *data, size_t n, double at) {
    size_t before = c->held_len;
    hold(c, data, n);
    char *end = strstr(c->held, "\r\n\r\n");
    if (!end) return n;
    size_t used = end + 4 - c->held - before;
    int status = c->held_len > 12 ? atoi(c->held + 9) : 0;
    if (c->state == HANDSHAKE) {
        if (status != 101) complain("handshake", c->held, c->held_len);
        finished += opt.mode == IDLE;
        c->held_len = 0;
        c->state = OPEN;
        if (opt.mode == WS) ask(c);
        return used;
    }
    if (status < 200 || status > 299) complain("status", c->held, c->held_len);
    end[2] = 0;
    char *length = strcasestr(c->held, "\r\ncontent-length:");
    c->framing = strcasestr(c->held, "\r\ntransfer-encoding: chunked") ? BY_CHUNKS : length ? BY_LENGTH : BY_CLOSE;
    c->left = length ? atol(length + 17) : 0;
    c->chunk = CHUNK_SIZE;
    c->held_len = 0;
    c->state = BODY;
    if (c->framing == BY_LENGTH && c->left == 0) finish(c, at);
    return used;
}

static int hex(char b) { return b >= '0' && b <= '9' ? b - '0' : (b | 32) >= 'a' && (b | 32) <= 'f' ? (b | 32) - 'a' + 10 : -1; }

/* One step of an answer's body; returns how many bytes it took. */
static size_t take_body(Conn *c, const char *data, size_t n, double at) {
    if (c->framing == BY_CLOSE) { body_bytes(c, data, n, at); return n; }
    if (c->framing == BY_LENGTH || c->chunk == CHUNK_DATA) {
        size_t take = (long)n < c->left ? n : (size_t)c->left;
        body_bytes(c, data, take, at);
        c->left -= take;
        if (c->left == 0 && c->framing == BY_LENGTH) finish(c, at);
        else if (c->left == 0) c->chunk = CHUNK_END;
        return take;
    }
    char b = *data;
    if (c->chunk == CHUNK_SIZE && hex(b) >= 0) c->left = c->left * 16 + hex(b);
    else if (c->chunk == CHUNK_SIZE && b == '\n') { c->chunk = c->left ? CHUNK_DATA : CHUNK_TRAILER; c->line_empty = 1; }
    else if (c->chunk == CHUNK_END && b == '\n') { c->chunk = CHUNK_SIZE; c->left = 0; }
    else if (c->chunk == CHUNK_TRAILER && b == '\n') { if (c->line_empty) finish(c, at); c->line_empty = 1; }
    else if (c->chunk == CHUNK_TRAILER && b != '\r') c->line_empty = 0;
    return 1;
}

/* Whether a JSON message begins with this type, as the product's and the peers' all do. */
static int has_type(const char *data, size_t n, const char *type) {
    static const char head[] = "{\"type\":\"";
    size_t at = sizeof head - 1, len = strlen(type);
    return n > at + len && !memcmp(data, head, at) && !memcmp(data + at, type, len) && data[at + len] == '"';
}

/* Tokens count where they are new: other messages (an item, the response) say the whole text again. */
static void take_frame(Conn *c, int opcode, char *data, size_t n, double at) {
    if (opcode == 9) { send_frame(c, 10, data, n); return; }
    if (opcode == 8) { complain("closed by the server", n > 2 ? data + 2 : "", n > 2 ? n - 2 : 0); close_connection(c); return; }
    if (opt.mode != WS) return;
    if (has_type(data, n, "delta")) { count_frame(); count_tokens(c, data, n, at); }
    else if (has_type(data, n, "response")) finish(c, at);
    else if (has_type(data, n, "error")) complain("error", data, n);
}

static void take_frames(Conn *c, const char *data, size_t n, double at) {
    hold(c, data, n);
    size_t done = 0;
    while (c->state != CLOSED && c->held_len - done >= 2) {
        unsigned char *p = (unsigned char *)c->held + done;
        size_t head = 2, size = p[1] & 127;
        int wide = size == 126 ? 2 : size == 127 ? 8 : 0;
        if (c->held_len - done < head + wide) break;
        if (wide) for (size = 0; wide; wide--) size = size << 8 | p[head++];
        if (c->held_len - done < head + size) break;
        take_frame(c, p[0] & 15, (char *)p + head, size, at);
        done += head + size;
    }
    memmove(c->held, c->held + done, c->held_len - done);
    c->held_len -= done;
}

void on_readable(Conn *c) {
    ssize_t got = recv(c->fd, input, sizeof input, 0);
    double at = now();
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
        int whole_answer = c->state == BODY && c->framing == BY_CLOSE;
        if (c->state == HEAD || c->state == HANDSHAKE || (c->state == BODY && !whole_answer) || opt.mode >= WS)
            complain("connection lost", "", 0);
        close_connection(c);
        count_reopened();
        if (opt.mode >= WS || errors > 1000) return;
        if (whole_answer) count_answer(c, at);
        if (more_wanted()) open_connection(c);
        return;
    }
    count_read(got);
    for (size_t at_byte = 0; at_byte < (size_t)got && c->state != CLOSED;) {
        char *rest = input + at_byte;
        size_t n = got - at_byte;
        if (c->state == HANDSHAKE || c->state == HEAD) at_byte += take_head(c, rest, n, at);
        else if (opt.mode == WS || opt.mode == IDLE) { take_frames(c, rest, n, at); break; }
        else if (c->state == BODY) at_byte += take_body(c, rest, n, at);
        else { complain("bytes that nobody asked for", rest, n); break; }
    }
}

