#include "node/questions.hpp"

namespace starling::detail {

Error node_closed() {
    return Error{ErrorCode::failed, "node_closed", "the node is closed", "open it again",
                 Changed::unknown};
}

Member member_of(const node::MemberRecord& record, const NodeId& self) {
    return {record.node.hex(),
            record.name,
            record.state,
            record.mode,
            record.addresses,
            record.boot.value,
            record.incarnation.value,
            record.accusers,
            record.voter,
            record.node == self,
            record.last_heard};
}

std::optional<MemberEvent> member_event_of(ByteView body, const NodeId& self) {
    if (body.empty()) return MemberEvent{Phase::lagged, {}, {}, {}};
    Decoder decoder;
    const auto news = node::answer_from<node::MemberNews>(decoder, body);
    if (!news) return std::nullopt;
    return MemberEvent{news->phase, member_of(news->member, self), news->before, news->cause};
}

}  // namespace starling::detail
