// OpenSSL 3: TLS sessions (Debian: libssl-dev). Only what Swift cannot spell: function-like macros.
#ifndef REACTOR_COPENSSL_SHIM_H
#define REACTOR_COPENSSL_SHIM_H
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/* TLS 1.2 and 1.3; no renegotiation and no compression; buffers only while there is something in them. */
static inline void reactor_ssl_ctx_harden(SSL_CTX *context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                   SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

static inline void reactor_ssl_ctx_versions(SSL_CTX *context, int lowest, int highest) {
  SSL_CTX_set_min_proto_version(context, lowest);
  SSL_CTX_set_max_proto_version(context, highest);
}

static inline void reactor_ssl_server_name(SSL *ssl, const char *name) { SSL_set_tlsext_host_name(ssl, name); }

static inline void reactor_bio_retry_read(BIO *bio) { BIO_set_retry_read(bio); }
static inline void reactor_bio_clear_retry(BIO *bio) { BIO_clear_retry_flags(bio); }

/* The errno inside an error of the queue; 0 where it is OpenSSL's own. */
static inline int reactor_ssl_errno(unsigned long error) { return ERR_SYSTEM_ERROR(error) ? ERR_GET_REASON(error) : 0; }

#endif
