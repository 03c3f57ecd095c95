#include <starling/error.hpp>

namespace starling {

std::string_view name_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid:
            return "invalid";
        case ErrorCode::not_found:
            return "not_found";
        case ErrorCode::conflict:
            return "conflict";
        case ErrorCode::no_quorum:
            return "no_quorum";
        case ErrorCode::unknown:
            return "unknown";
        case ErrorCode::overloaded:
            return "overloaded";
        case ErrorCode::would_deadlock:
            return "would_deadlock";
        case ErrorCode::failed:
            return "failed";
    }
    return "failed";
}

std::string_view name_of(Changed changed) {
    switch (changed) {
        case Changed::no:
            return "no";
        case Changed::yes:
            return "yes";
        case Changed::unknown:
            return "unknown";
    }
    return "unknown";
}

}  // namespace starling
