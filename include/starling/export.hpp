// STARLING_EXPORT marks what a program that embeds Starling may call. Everything else is hidden in
// the shared library.
#pragma once

#if defined(__GNUC__)
#define STARLING_EXPORT __attribute__((visibility("default")))
#else
#define STARLING_EXPORT
#endif
