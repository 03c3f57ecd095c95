// Batches of shared state, sealed and open, and what is said about them.
#include "crdt/batch.hpp"
#include "crdt/messages.hpp"
#include "tests/fuzz/wire.hpp"

using namespace starling::crdt;

STARLING_FUZZ_MESSAGES(Batch, SealedBatch, Batches, Want, Heads, Copies)
