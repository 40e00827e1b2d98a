/* The bench's load generator: one thread, one epoll loop, many connections to a server's workers on loopback.
 *
 * Lives here: opening connections, sending requests, reading answers, counting. What is measured and against what
 * is decided in Python (rows.py); this program knows no server and no target. It prints one line of JSON.
 *
 * Modes
 *   stream  ask for a target, read an answer that arrives in pieces, count its tokens, ask again (keep-alive)
 *   fixed   the same without tokens: whole answers are counted
 *   ws      open a WebSocket, send the target's body as a message, count the tokens of its
 *           `delta` messages until the `response`
 *   idle    open WebSockets and hold them until standard input closes
 *
 * A token is a space that follows a digit: the synthetic model says "0001 0002 ...", and no framing holds such a pair.
 * Where a framing says the whole text again (ChatKit: a title, an item), --lines tells how a line begins that counts.
 * The targets file has a line "path<TAB>body" each: a POST, or a GET where the body is empty. Request k of connection i
 * takes line (i + k * connections) modulo the number of lines, so that no two connections share a line when the number of lines is a multiple of theirs.
 */
#define _GNU_SOURCE
#include "load.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

typedef struct { float *at; size_t count, room; } Samples;

struct options opt = {.connections = 1, .seconds = 3, .lines = ""};
int epoll_fd;
long errors, started, finished;

static Target *targets;
static size_t target_count;
static Conn *conns;
static int measuring;
static long tokens, frames, answers, bytes, short_answers, reopened;
static Samples first_token, lateness, whole;

double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

void die(const char *why) { perror(why); exit(2); }

static void keep(Samples *s, double value) {
    if (s->count == s->room) {
        s->room = s->room ? s->room * 2 : 1 << 16;
        if (!(s->at = realloc(s->at, s->room * sizeof *s->at))) die("memory");
    }
    s->at[s->count++] = value;
}

static int by_size(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* The p-th quantile in milliseconds of samples that are sorted; -1 where there are none. */
static double quantile_ms(Samples *s, double p) {
    return s->count ? 1e3 * s->at[(size_t)(p * (s->count - 1) + 0.5)] : -1;
}

/* utime + stime + cutime + cstime of one process, in seconds: fields 14 to 17 of /proc/PID/stat. */
static double cpu_of(int pid) {
    char name[64], text[4096];
    unsigned long long user, sys;
    long long child_user, child_sys;
    snprintf(name, sizeof name, "/proc/%d/stat", pid);
    FILE *f = fopen(name, "r");
    if (!f) return 0;
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = 0;
    char *after = strrchr(text, ')');
    if (!after || sscanf(after + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %lld %lld",
                         &user, &sys, &child_user, &child_sys) != 4) return 0;
    return (user + sys + child_user + child_sys) / (double)sysconf(_SC_CLK_TCK);
}

static double server_cpu(void) {
    double sum = 0;
    for (int i = 0; i < opt.pid_count; i++) sum += cpu_of(opt.pids[i]);
    return sum;
}

/* Seconds that the servers' main threads stood ready to run while something else had their core (/proc/PID/schedstat). */
static double server_wait(void) {
    double sum = 0;
    for (int i = 0; i < opt.pid_count; i++) {
        char name[64];
        unsigned long long waited;
        snprintf(name, sizeof name, "/proc/%d/schedstat", opt.pids[i]);
        FILE *f = fopen(name, "r");
        if (!f) continue;
        if (fscanf(f, "%*u %llu", &waited) == 1) sum += waited * 1e-9;
        fclose(f);
    }
    return sum;
}

static double own_cpu(void) {
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return r.ru_utime.tv_sec + r.ru_stime.tv_sec + 1e-6 * (r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}

void complain(const char *what, const char *text, size_t n) {
    if (errors++ < 3) fprintf(stderr, "%s: %.*s\n", what, (int)(n < 400 ? n : 400), text);
}

Target *target_of(Conn *c) { return &targets[(c->index + c->turn * opt.connections) % target_count]; }

int more_wanted(void) { return !opt.requests || started < opt.requests; }

void count_frame(void) { frames += measuring; }

void count_read(size_t n) { if (measuring) bytes += n; }

void count_reopened(void) { reopened++; }

void count_answer(Conn *c, double at) {
    finished++;
    if (measuring) {
        answers++;
        keep(&whole, at - c->sent_at);
    }
    if (opt.expect && c->tokens != opt.expect) short_answers++;
    c->turn++;
}

void count_tokens(Conn *c, const char *data, size_t n, double at) {
    const char *end = data + n;
    for (const char *p = data; (p = memchr(p, ' ', end - p)); p++) {
        char before = p == data ? c->last : p[-1];
        if (before < '0' || before > '9') continue;
        if (c->tokens == 0) {
            c->first_at = at;
            if (measuring) keep(&first_token, at - c->sent_at);
        } else if (opt.delay > 0 && measuring) {
            keep(&lateness, at - (c->first_at + c->tokens * opt.delay));
        }
        c->tokens++;
        tokens += measuring;
    }
    if (n) c->last = end[-1];
}

/* Tokens of the lines that begin with --lines; a line may come in any number of reads. */
void count_lines(Conn *c, const char *data, size_t n, double at) {
    long wanted = strlen(opt.lines);
    while (n) {
        const char *end = memchr(data, '\n', n);
        size_t line = end ? (size_t)(end + 1 - data) : n, i = 0;
        for (; i < line && c->matched >= 0 && c->matched < wanted; i++)
            c->matched = data[i] == opt.lines[c->matched] ? c->matched + 1 : -1;
        if (c->matched == wanted) count_tokens(c, data + i, line - i, at);
        if (end) c->matched = 0;
        data += line;
        n -= line;
    }
}

/* Server-sent events end with an empty line; one may be split over two reads. */
void count_events(Conn *c, const char *data, size_t n) {
    for (size_t i = 0; i < n; i++) {
        c->newlines = data[i] == '\n' ? c->newlines + 1 : 0;
        if (c->newlines == 2) frames += measuring;
    }
}

static void wait_for_input(int ms) {
    struct epoll_event events[256];
    int n = epoll_wait(epoll_fd, events, 256, ms);
    for (int i = 0; i < n; i++) if (((Conn *)events[i].data.ptr)->state != CLOSED) on_readable(events[i].data.ptr);
}

static void run_idle(void) {
    int opened = 0;
    double start = now();
    while (finished < opt.connections && errors < 20 && now() - start < 60) {
        while (opened < opt.connections && opened - finished < 50) open_connection(&conns[opened++]);
        wait_for_input(50);
    }
    printf("{\"ready\": %ld, \"errors\": %ld}\n", finished - errors, errors);
    fflush(stdout);
    struct pollfd in = {.fd = 0, .events = POLLIN};
    for (char end; poll(&in, 1, 0) == 0 || read(0, &end, 1) > 0;) wait_for_input(100);
    printf("{\"errors\": %ld}\n", errors);
}

static void report(double seconds, double cpu, double waited, double own) {
    Samples *all[] = {&first_token, &lateness, &whole};
    for (int i = 0; i < 3; i++) qsort(all[i]->at, all[i]->count, sizeof(float), by_size);
    printf("{\"seconds\": %.4f, \"tokens\": %ld, \"frames\": %ld, \"answers\": %ld, \"bytes\": %ld, \"server_cpu\": %.3f, "
           "\"server_wait\": %.3f, \"load_cpu\": %.3f, \"errors\": %ld, \"short\": %ld, \"reopened\": %ld, ",
           seconds, tokens, frames, answers, bytes, cpu, waited, own, errors, short_answers, reopened);
    printf("\"first_p50_ms\": %.3f, \"first_p99_ms\": %.3f, \"late_p50_ms\": %.3f, \"late_p99_ms\": %.3f, "
           "\"whole_p50_ms\": %.3f, \"whole_p99_ms\": %.3f}\n",
           quantile_ms(&first_token, .5), quantile_ms(&first_token, .99), quantile_ms(&lateness, .5),
           quantile_ms(&lateness, .99), quantile_ms(&whole, .5), quantile_ms(&whole, .99));
}

static void run_load(void) {
    int opened = 0;
    double start = now(), from = start + opt.warm + opt.ramp, until = from + opt.seconds, begun = 0, cpu = 0, wait = 0, own = 0;
    for (;;) {
        double t = now();
        while (opened < opt.connections && conns[opened].opens_at + start <= t) open_connection(&conns[opened++]);
        if (!measuring && t >= from) { measuring = 1; cpu = server_cpu(); wait = server_wait(); own = own_cpu(); begun = now(); }
        if (t >= until || (opt.requests && finished >= opt.requests) || errors > 1000) break;
        wait_for_input(opened < opt.connections ? 1 : 20);
    }
    double spent = now() - begun;
    report(spent, server_cpu() - cpu, server_wait() - wait, own_cpu() - own);
}

static void read_targets(const char *name) {
    FILE *f = fopen(name, "r");
    char *line = NULL;
    size_t room = 0;
    if (!f) die(name);
    for (ssize_t n; (n = getline(&line, &room, f)) > 0;) {
        line[strcspn(line, "\n")] = 0;
        char *tab = strchr(line, '\t');
        if (tab) *tab = 0;
        if (!(targets = realloc(targets, (target_count + 1) * sizeof *targets))) die("memory");
        targets[target_count++] = (Target){strdup(line), strdup(tab ? tab + 1 : "")};
    }
    fclose(f);
    free(line);
    if (!target_count) { fprintf(stderr, "%s: no targets\n", name); exit(1); }
}

static void set_option(const char *name, char *value) {
    if (!strcmp(name, "--mode"))
        opt.mode = !strcmp(value, "stream") ? STREAM : !strcmp(value, "fixed") ? FIXED : !strcmp(value, "ws") ? WS : IDLE;
    else if (!strcmp(name, "--ports"))
        for (char *p = strtok(value, ","); p && opt.port_count < 8; p = strtok(NULL, ",")) opt.ports[opt.port_count++] = atoi(p);
    else if (!strcmp(name, "--connections")) opt.connections = atoi(value);
    else if (!strcmp(name, "--targets")) read_targets(value);
    else if (!strcmp(name, "--header")) { strcat(opt.headers, value); strcat(opt.headers, "\r\n"); }
    else if (!strcmp(name, "--lines")) opt.lines = value;
    else if (!strcmp(name, "--expect")) opt.expect = atol(value);
    else if (!strcmp(name, "--delay-ms")) opt.delay = atof(value) / 1000;
    else if (!strcmp(name, "--warm")) opt.warm = atof(value);
    else if (!strcmp(name, "--ramp")) opt.ramp = atof(value);
    else if (!strcmp(name, "--seconds")) opt.seconds = atof(value);
    else if (!strcmp(name, "--requests")) opt.requests = atol(value);
    else if (!strcmp(name, "--pids"))
        for (char *p = strtok(value, ","); p && opt.pid_count < 64; p = strtok(NULL, ",")) opt.pids[opt.pid_count++] = atoi(p);
    else { fprintf(stderr, "unknown option %s\n", name); exit(1); }
}

int main(int argc, char **argv) {
    for (int i = 1; i + 1 < argc; i += 2) set_option(argv[i], argv[i + 1]);
    if (!target_count || !opt.port_count) { fprintf(stderr, "no --targets, or no --ports\n"); return 1; }
    epoll_fd = epoll_create1(0);
    if (!(conns = calloc(opt.connections, sizeof *conns))) die("memory");
    for (int i = 0; i < opt.connections; i++) {
        conns[i].index = i;
        conns[i].opens_at = opt.ramp * i / opt.connections;
    }
    if (opt.mode == IDLE) run_idle();
    else run_load();
    return 0;
}
