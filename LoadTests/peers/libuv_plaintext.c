/* The least that a server on libuv can do: /plaintext and /json, keep-alive, pipelining, one write for what one read
 * brought. It looks for the end of each request's head and at the first letters of its target, and checks nothing: a
 * lower bound to hold a real server against, not a server.
 *
 *   libuv_plaintext PORT      one thread, 127.0.0.1
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

enum { READ_SIZE = 65536, ANSWER_SIZE = 256, PREFIX_SIZE = 8 };

typedef struct {
    uv_tcp_t tcp;
    char prefix[PREFIX_SIZE]; /* how the request under way begins: "GET /jso" or "GET /pla" */
    int prefix_length;
    int matched; /* how much of CR LF CR LF the last bytes were */
} client_t;

typedef struct {
    uv_write_t request;
    char bytes[];
} late_write_t;

typedef struct {
    char bytes[ANSWER_SIZE];
    size_t length;
} answer_t;

static uv_loop_t *loop;
static answer_t plaintext, json;
/* Shared by all connections: a read is answered before the next one begins. */
static char read_buffer[READ_SIZE];
static char *answers;
static size_t answers_capacity;

static void make_answer(answer_t *answer, const char *date, const char *type, const char *body) {
    answer->length = (size_t)snprintf(answer->bytes, ANSWER_SIZE,
                                      "HTTP/1.1 200 OK\r\nServer: libuv\r\nDate: %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
                                      date, type, strlen(body), body);
}

static void make_answers(uv_timer_t *timer) {
    (void)timer;
    char date[64];
    time_t now = time(NULL);
    struct tm parts;
    gmtime_r(&now, &parts);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    make_answer(&plaintext, date, "text/plain", "Hello, World!");
    make_answer(&json, date, "application/json", "{\"message\":\"Hello, World!\"}");
}

static void closed(uv_handle_t *handle) { free(handle->data); }

static void close_client(client_t *client) {
    uv_handle_t *handle = (uv_handle_t *)&client->tcp;
    if (!uv_is_closing(handle)) uv_close(handle, closed);
}

static void lend_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer) {
    (void)handle;
    (void)suggested;
    *buffer = uv_buf_init(read_buffer, READ_SIZE);
}

static void written_late(uv_write_t *request, int status) {
    client_t *client = request->handle->data;
    free(request);
    if (status < 0) close_client(client);
}

static void send_answers(client_t *client, size_t length) {
    uv_buf_t buffer = uv_buf_init(answers, (unsigned)length);
    int sent = uv_try_write((uv_stream_t *)&client->tcp, &buffer, 1);
    if (sent == UV_EAGAIN) sent = 0;
    if (sent < 0) {
        close_client(client);
        return;
    }
    if ((size_t)sent == length) return;
    size_t rest = length - (size_t)sent;
    late_write_t *late = malloc(sizeof *late + rest);
    if (late == NULL) abort();
    memcpy(late->bytes, answers + sent, rest);
    buffer = uv_buf_init(late->bytes, (unsigned)rest);
    if (uv_write(&late->request, (uv_stream_t *)&client->tcp, &buffer, 1, written_late) < 0) {
        free(late);
        close_client(client);
    }
}

static size_t append_answer(size_t length, const answer_t *answer) {
    if (length + answer->length > answers_capacity) {
        answers_capacity = (length + answer->length) * 2;
        answers = realloc(answers, answers_capacity);
        if (answers == NULL) abort();
    }
    memcpy(answers + length, answer->bytes, answer->length);
    return length + answer->length;
}

static void received(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer) {
    static const char end_of_head[4] = {'\r', '\n', '\r', '\n'};
    client_t *client = stream->data;
    if (count < 0) {
        close_client(client);
        return;
    }
    size_t length = 0;
    for (ssize_t index = 0; index < count; index++) {
        char byte = buffer->base[index];
        if (client->prefix_length < PREFIX_SIZE) client->prefix[client->prefix_length++] = byte;
        if (byte == end_of_head[client->matched]) {
            client->matched++;
        } else {
            client->matched = byte == '\r';
        }
        if (client->matched == 4) {
            length = append_answer(length, memcmp(client->prefix, "GET /jso", PREFIX_SIZE) == 0 ? &json : &plaintext);
            client->matched = 0;
            client->prefix_length = 0;
        }
    }
    if (length > 0) send_answers(client, length);
}

static void accepted(uv_stream_t *listener, int status) {
    if (status < 0) return;
    client_t *client = calloc(1, sizeof *client);
    if (client == NULL) abort();
    uv_tcp_init(loop, &client->tcp);
    client->tcp.data = client;
    if (uv_accept(listener, (uv_stream_t *)&client->tcp) < 0) {
        close_client(client);
        return;
    }
    uv_tcp_nodelay(&client->tcp, 1);
    uv_read_start((uv_stream_t *)&client->tcp, lend_buffer, received);
}

int main(int argument_count, char **arguments) {
    if (argument_count != 2) {
        fprintf(stderr, "usage: %s PORT\n", arguments[0]);
        return 2;
    }
    loop = uv_default_loop();
    make_answers(NULL);
    uv_timer_t every_second;
    uv_timer_init(loop, &every_second);
    uv_timer_start(&every_second, make_answers, 1000, 1000);

    uv_tcp_t listener;
    struct sockaddr_in address;
    uv_tcp_init(loop, &listener);
    uv_ip4_addr("127.0.0.1", atoi(arguments[1]), &address);
    int error = uv_tcp_bind(&listener, (const struct sockaddr *)&address, 0);
    if (error == 0) error = uv_listen((uv_stream_t *)&listener, 1024, accepted);
    if (error != 0) {
        fprintf(stderr, "%s: %s\n", arguments[0], uv_strerror(error));
        return 1;
    }
    return uv_run(loop, UV_RUN_DEFAULT);
}
