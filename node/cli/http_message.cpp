#include "node/cli/http_message.hpp"

#include "node/cli/words.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>

#include <charconv>

namespace starling::cli {
namespace {

namespace http = boost::beast::http;
using boost::asio::const_buffer;

constexpr unsigned http_1_1 = 11;

template <bool IsRequest>
std::string serialized(http::message<IsRequest, http::string_body>& message) {
    message.prepare_payload();
    http::serializer<IsRequest, http::string_body> serializer(message);
    std::string text;
    while (!serializer.is_done()) {
        boost::system::error_code error;
        std::size_t taken = 0;
        serializer.next(error, [&](boost::system::error_code&, const auto& buffers) {
            for (const_buffer each : boost::beast::buffers_range_ref(buffers)) {
                text.append(static_cast<const char*>(each.data()), each.size());
                taken += each.size();
            }
        });
        if (error) break;
        serializer.consume(taken);
    }
    return text;
}

Reading reading_of(const boost::system::error_code& error) {
    if (error == http::error::need_more) return Reading::more;
    if (error == http::error::header_limit) return Reading::headers_too_large;
    if (error == http::error::body_limit) return Reading::body_too_large;
    return Reading::malformed;
}

// Whether the headers in front of `input`, or what came of them, are over the limit; `before` bytes
// of them are taken already.
bool over_limit(std::size_t before, std::string_view input) {
    const std::size_t end = input.find("\r\n\r\n");
    return before + (end == std::string_view::npos ? input.size() : end + 4) > http_header_bytes;
}

// `headers` counts the bytes of the headers that the parser took so far.
template <class Parser>
Reading put(Parser& parser, std::size_t& headers, std::string& input) {
    if (!parser.is_header_done() && over_limit(headers, input)) return Reading::headers_too_large;
    std::size_t taken = 0;
    boost::system::error_code error;
    while (!error && !parser.is_done() && taken < input.size()) {
        taken += parser.put(const_buffer(input.data() + taken, input.size() - taken), error);
    }
    input.erase(0, taken);
    headers += taken;
    if (error && error != http::error::need_more) return reading_of(error);
    return parser.is_done() ? Reading::complete : Reading::more;
}

int hex_value(char letter) {
    if (letter >= '0' && letter <= '9') return letter - '0';
    if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
    if (letter >= 'A' && letter <= 'F') return letter - 'A' + 10;
    return -1;
}

std::string percent_decoded(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool escape = text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
                            hex_value(text[i + 2]) >= 0;
        if (!escape) {
            decoded += text[i];
            continue;
        }
        decoded += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
        i += 2;
    }
    return decoded;
}

void read_target(std::string_view target, HttpRequest& request) {
    const std::size_t mark = std::min(target.find('?'), target.size());
    request.path = percent_decoded(target.substr(0, mark));
    for (const std::string& pair : split(target.substr(std::min(mark + 1, target.size())), '&')) {
        const std::size_t equals = std::min(pair.find('='), pair.size());
        const std::string value = equals < pair.size() ? pair.substr(equals + 1) : std::string{};
        request.query.insert_or_assign(percent_decoded(pair.substr(0, equals)),
                                       percent_decoded(value));
    }
}

}  // namespace

struct RequestReader::Parser : http::request_parser<http::string_body> {
    Parser() {
        header_limit(static_cast<std::uint32_t>(http_header_bytes));
        body_limit(http_body_bytes);
        eager(true);
    }

    std::size_t headers = 0;
};

RequestReader::RequestReader() : parser_(std::make_unique<Parser>()) {}

RequestReader::RequestReader(RequestReader&&) noexcept = default;
RequestReader& RequestReader::operator=(RequestReader&&) noexcept = default;
RequestReader::~RequestReader() = default;

Reading RequestReader::feed(std::string& input) {
    return put(*parser_, parser_->headers, input);
}

HttpRequest RequestReader::take() {
    auto message = parser_->release();
    parser_ = std::make_unique<Parser>();
    HttpRequest request;
    request.method = std::string(message.method_string());
    read_target({message.target().data(), message.target().size()}, request);
    request.body = std::move(message.body());
    request.from_web_page = message.find(http::field::origin) != message.end();
    request.keep_alive = message.keep_alive();
    return request;
}

struct ResponseReader::Parser : http::response_parser<http::string_body> {
    Parser() {
        header_limit(static_cast<std::uint32_t>(http_header_bytes));
        body_limit(http_answer_bytes);
        eager(true);
    }

    std::size_t headers = 0;
};

ResponseReader::ResponseReader() : parser_(std::make_unique<Parser>()) {}

ResponseReader::~ResponseReader() = default;

Reading ResponseReader::feed(std::string& input) {
    return put(*parser_, parser_->headers, input);
}

Reading ResponseReader::end() {
    if (!parser_->got_some()) return Reading::malformed;
    boost::system::error_code error;
    if (!parser_->is_done()) parser_->put_eof(error);
    return error || !parser_->is_done() ? Reading::malformed : Reading::complete;
}

bool ResponseReader::has_head() const {
    return parser_->is_header_done();
}

unsigned ResponseReader::status() const {
    return has_head() ? parser_->get().result_int() : 0;
}

std::string ResponseReader::take_body() {
    return std::exchange(parser_->get().body(), {});
}

std::string http_text(const HttpResponse& response, Connection connection) {
    http::response<http::string_body> message(static_cast<http::status>(response.status), http_1_1);
    message.set(http::field::content_type, response.type);
    message.set(http::field::cache_control, "no-store");
    for (const auto& [name, value] : response.headers) message.set(name, value);
    message.keep_alive(connection == Connection::keep);
    message.body() = response.body;
    return serialized(message);
}

std::string http_stream_head() {
    return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
           "Connection: close\r\n\r\n";
}

std::string http_event(std::string_view name, std::string_view text) {
    std::string event = "event: " + std::string(name) + "\n";
    while (true) {  // a line feed would end the field
        const std::size_t end = text.find('\n');
        event += "data: " + std::string(text.substr(0, end)) + "\n";
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + 1);
    }
    return event + "\n";
}

std::string http_request_text(std::string_view method, std::string_view target,
                              std::string_view body) {
    http::request<http::string_body> message(http::verb::get, {target.data(), target.size()},
                                             http_1_1);
    message.method_string({method.data(), method.size()});
    message.set(http::field::host, "localhost");
    if (!body.empty()) message.set(http::field::content_type, "application/json");
    message.body() = std::string(body);
    return serialized(message);
}

std::string percent_encoded(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    constexpr std::string_view kept = "-._~/:";
    std::string encoded;
    for (const char letter : text) {
        const auto byte = static_cast<unsigned char>(letter);
        const bool plain = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                           (byte >= 'A' && byte <= 'Z') ||
                           kept.find(letter) != std::string_view::npos;
        if (plain)
            encoded += letter;
        else
            encoded += {'%', digits[byte >> 4U], digits[byte & 15U]};
    }
    return encoded;
}

}  // namespace starling::cli
