// Certificates, claims and everything that spreads who is a member.
#include "gossip/genesis.hpp"
#include "gossip/messages.hpp"
#include "tests/fuzz/wire.hpp"

using namespace starling::gossip;

STARLING_FUZZ_MESSAGES(Certificate, Claim, Genesis, Introduction, Death, Opinion, Hello, Ping, Pong,
                       Cells, TableDigest, TableEntries)
