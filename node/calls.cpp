#include "node/calls.hpp"

namespace starling::node {

void Failed::encode(Writer& out) const {
    out.list(6);
    out.boolean(false);
    write_field(out, error.code);
    out.text(error.name);
    out.text(error.message);
    out.text(error.hint);
    write_field(out, error.changed);
}

Error error_from(Reader& in) {
    Error error;
    read_fields(in, error.code, error.name, error.message, error.hint, error.changed);
    return error;
}

}  // namespace starling::node

namespace starling {

std::string_view name_of(MemberState state) {
    switch (state) {
        case MemberState::alive:
            return "alive";
        case MemberState::suspect:
            return "suspect";
        case MemberState::dead:
            return "dead";
        case MemberState::left:
            return "left";
    }
    return "dead";
}

std::string_view name_of(MemberMode mode) {
    switch (mode) {
        case MemberMode::up:
            return "up";
        case MemberMode::draining:
            return "draining";
        case MemberMode::away:
            return "away";
    }
    return "up";
}

std::string_view name_of(Phase phase) {
    switch (phase) {
        case Phase::current:
            return "current";
        case Phase::caught_up:
            return "caught_up";
        case Phase::change:
            return "change";
        case Phase::lagged:
            return "lagged";
    }
    return "lagged";
}

}  // namespace starling
