// Ballots of registers.
#include "quorum/messages.hpp"
#include "tests/fuzz/wire.hpp"

using namespace starling::quorum;

STARLING_FUZZ_MESSAGES(Prepare, Promise, Accept, Accepted, Conflict, Read, ReadOk, DecisionOpened)
