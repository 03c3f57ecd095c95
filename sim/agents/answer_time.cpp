#include "sim/agents/answer_time.hpp"

#include "base/assert.hpp"
#include "base/fixed_log.hpp"

#include <algorithm>
#include <array>

namespace starling::sim {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::int64_t p99_q16 = 152'460;  // the normal distribution's 99th percentile
constexpr Duration longest = std::chrono::hours{24};

// The quantiles 0.5 + k/512 of the normal distribution in units of 1/65536; the last is cut.
constexpr std::array<std::int64_t, 257> quantiles = {
    0,      321,    642,    963,    1283,   1604,   1925,   2246,   2567,   2889,   3210,   3531,
    3852,   4174,   4495,   4817,   5139,   5461,   5783,   6105,   6427,   6750,   7072,   7395,
    7718,   8041,   8365,   8688,   9012,   9336,   9660,   9985,   10310,  10634,  10960,  11285,
    11611,  11937,  12263,  12590,  12917,  13244,  13572,  13900,  14228,  14557,  14886,  15215,
    15545,  15875,  16206,  16537,  16869,  17200,  17533,  17865,  18199,  18532,  18867,  19201,
    19536,  19872,  20208,  20545,  20882,  21220,  21559,  21898,  22237,  22577,  22918,  23259,
    23601,  23944,  24287,  24631,  24976,  25321,  25668,  26014,  26362,  26710,  27059,  27409,
    27759,  28111,  28463,  28816,  29170,  29525,  29880,  30237,  30594,  30952,  31311,  31671,
    32032,  32394,  32758,  33122,  33487,  33853,  34220,  34588,  34958,  35328,  35700,  36072,
    36446,  36821,  37198,  37575,  37954,  38334,  38715,  39098,  39482,  39868,  40254,  40642,
    41032,  41423,  41816,  42210,  42605,  43002,  43401,  43801,  44203,  44607,  45012,  45419,
    45828,  46239,  46651,  47066,  47482,  47900,  48320,  48742,  49166,  49592,  50021,  50451,
    50884,  51318,  51756,  52195,  52637,  53081,  53528,  53977,  54428,  54883,  55340,  55799,
    56262,  56727,  57195,  57666,  58140,  58617,  59097,  59581,  60067,  60557,  61051,  61548,
    62048,  62552,  63060,  63572,  64087,  64607,  65131,  65659,  66191,  66727,  67268,  67814,
    68364,  68920,  69480,  70045,  70616,  71192,  71774,  72361,  72954,  73554,  74159,  74771,
    75389,  76015,  76647,  77286,  77933,  78588,  79250,  79921,  80600,  81288,  81985,  82691,
    83408,  84134,  84871,  85618,  86377,  87148,  87931,  88727,  89536,  90358,  91196,  92048,
    92917,  93802,  94704,  95625,  96565,  97526,  98507,  99512,  100540, 101594, 102675, 103784,
    104924, 106096, 107304, 108549, 109834, 111164, 112540, 113968, 115453, 116999, 118613, 120303,
    122076, 123944, 125918, 128013, 130248, 132646, 135235, 138055, 141156, 144610, 148519, 153042,
    158437, 165184, 174330, 189113, 229376,
};

// 2^(1/2), 2^(1/4), .., 2^(1/65536) in units of 1/2^32.
constexpr std::array<std::uint64_t, 16> roots = {
    6074001000, 5107605667, 4683695048, 4485121744, 4389014833, 4341736423, 4318288544, 4306612134,
    4300785774, 4297875550, 4296421177, 4295694175, 4295330720, 4295149004, 4295058149, 4295012722,
};

Duration draw_from(const agents::Constant& model, Rng& /*rng*/) {
    return model.time;
}

Duration draw_from(const agents::Uniform& model, Rng& rng) {
    return rng.between(model.low, std::max(model.low, model.high));
}

// log2 is linear in the normal number: p50 at 0, p99 at p99_q16.
Duration draw_from(const agents::Lognormal& model, Rng& rng) {
    const auto log_of = [](Duration time) {
        return std::int64_t{
            log2_q16(static_cast<std::uint64_t>(std::max(time, Duration{1}).count()))};
    };
    const std::int64_t middle = log_of(model.p50);
    const std::int64_t width = std::max<std::int64_t>(0, log_of(model.p99) - middle);
    const std::int64_t exponent = middle + normal_q16(rng.next()) * width / p99_q16;
    const std::int64_t most = std::int64_t{62} << 16U;
    return Duration{static_cast<std::int64_t>(
        exp2_q16(static_cast<std::uint64_t>(std::clamp<std::int64_t>(exponent, 0, most))))};
}

}  // namespace

Duration draw_time(const agents::AnswerTime& model, Rng& rng) {
    const Duration time = std::visit([&](const auto& each) { return draw_from(each, rng); }, model);
    return std::clamp(time, Duration{0}, longest);
}

// One bit is the sign, eight say between which quantiles, sixteen where between them.
std::int64_t normal_q16(std::uint64_t number) {
    const std::size_t place = number >> 55U & 0xffU;
    const auto part = static_cast<std::int64_t>(number >> 39U & 0xffffU);
    const std::int64_t step = quantiles.at(place + 1) - quantiles.at(place);
    const std::int64_t size = quantiles.at(place) + step * part / 65'536;
    return number >> 63U == 0 ? size : -size;
}

std::uint64_t exp2_q16(std::uint64_t x) {
    STARLING_ASSERT(x < 63ULL << 16U);
    Wide mantissa = Wide{1} << 32U;
    for (std::size_t bit = 0; bit < roots.size(); ++bit) {
        if ((x >> (15 - bit) & 1U) != 0) mantissa = mantissa * roots.at(bit) >> 32U;
    }
    return static_cast<std::uint64_t>(mantissa << (x >> 16U) >> 32U);
}

}  // namespace starling::sim
