// One host that lies: what it learned from the frames it sent and received, and the bytes that it
// makes of that.  See adversary.hpp.
//
// Not thread safe.
#pragma once

#include "auction/messages.hpp"
#include "base/crypto.hpp"
#include "base/rng.hpp"
#include "crdt/messages.hpp"
#include "gossip/messages.hpp"
#include "node/envelope.hpp"
#include "quorum/messages.hpp"
#include "sim/fault.hpp"
#include "sim/identities.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace starling::sim {

inline constexpr std::size_t kind_at = 1;  // in a frame's head

// A frame that a host sends to another.
struct Overheard {
    std::uint32_t from = 0;
    std::uint32_t to = 0;
    std::array<std::uint8_t, limits::frame_header_bytes> head{};
    ByteView body;
};

// A frame that the liar adds.
struct Lie {
    FaultKind kind{};
    std::uint32_t liar = 0;  // whose fault it is
    NodeId identity;         // as the transport knows who sends it
    std::array<std::uint8_t, limits::frame_header_bytes> head{};
    Bytes body;
    bool at_once = false;  // as early as the frame that it follows; else some time later
};

class Liar {
public:
    // The result, as MessagePack, of whatever task it says that it has done.
    [[nodiscard]] static Bytes made_up_result() { return {0xA3, 'l', 'i', 'e'}; }

    // `identities` outlive this object.
    Liar(const Identities& identities, std::uint64_t seed, std::uint32_t host);

    void learn(const Overheard& frame, Rng rng);

    // A lie of this kind that goes where `frame` goes; nothing when the liar does not know enough
    // for it.
    [[nodiscard]] std::optional<Lie> lie(FaultKind kind, const Overheard& frame, Rng& rng);

private:
    static constexpr std::size_t frames_kept = 256;
    static constexpr std::size_t frame_bytes_kept = 16 * 1024;
    static constexpr std::size_t told_kept = 256;  // nodes, and origins of batches

    struct Old {
        std::uint32_t from = 0;
        std::array<std::uint8_t, limits::frame_header_bytes> head{};
        Bytes body;
    };

    // The newest batch of an origin.
    struct Written {
        crdt::Batch batch;
        Bytes body;
        Signature signature;
    };

    // What a voter was asked last by one peer, and a task that this peer gave to somebody else.
    struct Asked {
        std::optional<quorum::Prepare> prepare;
        std::optional<quorum::Accept> accept;
        std::optional<quorum::Read> read;
        std::optional<auction::RejectProposal> lost;
    };

    using Head = std::array<std::uint8_t, limits::frame_header_bytes>;

    struct Saying {
        Kind kind{};
        Bytes body;
        std::optional<Head> head = std::nullopt;  // as it once was; else one of the link that is
        bool at_once = false;
    };

    using Said = std::optional<Saying>;

    void keep(const Overheard& frame, Rng& rng);
    void learn_claims(const std::vector<gossip::Claim>& claims);
    void learn_batches(const crdt::Batches& batches);
    void learn_asked(std::uint32_t peer, Kind kind, ByteView body);

    [[nodiscard]] Said forge(Rng& rng);
    [[nodiscard]] Said forge_batch(Rng& rng);
    [[nodiscard]] Said spoil_batch(Rng& rng);
    [[nodiscard]] Said forge_claim(Rng& rng);
    [[nodiscard]] Said spoil_claim(Rng& rng);
    [[nodiscard]] Said forge_certificate(Rng& rng);
    [[nodiscard]] Said promote_itself(Rng& rng);
    [[nodiscard]] Said leap(Rng& rng);
    [[nodiscard]] Said impersonate(const Overheard& frame, Rng& rng);
    [[nodiscard]] Said greet_as_another(Rng& rng);
    [[nodiscard]] Said greet_of_another_mesh(Rng& rng);
    [[nodiscard]] Said vote_again(const Overheard& frame, Rng& rng);
    template <class Vote>
    [[nodiscard]] Said from_journal(ByteView body, const JournalId& journal);
    [[nodiscard]] Said vote_for_another(const Asked& asked, Rng& rng) const;
    [[nodiscard]] static Said report_lost(const Asked& asked, Rng& rng);
    [[nodiscard]] Said repeat(Rng& rng);
    [[nodiscard]] Said swamp(Rng& rng) const;
    [[nodiscard]] Said intrude(const Overheard& frame, Rng& rng);

    [[nodiscard]] Saying batch_after(const Written& last, const std::string& text) const;
    [[nodiscard]] Said slander(Rng& rng) const;
    [[nodiscard]] Said equivocate(std::uint32_t peer) const;

    [[nodiscard]] const Identity& self() const { return identities_.nodes[host_]; }

    [[nodiscard]] const Voter& any_voter(Rng& rng) const;
    [[nodiscard]] const gossip::Claim* any_claim(Rng& rng) const;
    [[nodiscard]] const gossip::Claim* claim_of_another(Rng& rng) const;
    [[nodiscard]] const Written* batch_of_another(Rng& rng) const;

    const Identities& identities_;
    std::uint32_t host_;
    SigningKey stranger_;  // a key of nobody
    std::unique_ptr<Decoder> decoder_ = std::make_unique<Decoder>(Decoder::large_chunk);
    std::unique_ptr<Decoder> batch_decoder_ = std::make_unique<Decoder>();
    std::vector<Old> old_;
    std::map<NodeId, gossip::Claim> claims_;
    std::map<NodeId, Written> written_;
    std::map<std::uint32_t, Asked> asked_;
    std::uint64_t said_ = 0;
};

}  // namespace starling::sim
