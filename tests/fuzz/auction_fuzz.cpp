// Conversations about tasks.
#include "auction/messages.hpp"
#include "tests/fuzz/wire.hpp"

using namespace starling::auction;

STARLING_FUZZ_MESSAGES(RecordTask, Recorded, Grant, Granted, StoreResult, StoredResult, Cfp,
                       Propose, Refuse, AcceptProposal, RejectProposal, Agree, Failure, Inform,
                       Informed, Cancel, Renew, Renewed, Progress, Query, QueryAnswer, DigestNews)
