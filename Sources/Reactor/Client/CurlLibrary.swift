// libcurl as a whole: what must happen once a process. Any thread.

import CCurl

enum CurlLibrary {
    /// Whether libcurl can be used; made ready by the first who asks. SSL and nothing else: that is bit 0.
    static let isReady = curl_global_init(1) == CURLE_OK
}
